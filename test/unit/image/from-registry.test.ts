import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { imageFromRegistry } from '../../../src/image/from-registry.ts'
import { finishImage } from '../../../src/image/image.ts'
import { fetchLayer, openLayerTar } from '../../../src/image/layer.ts'
import { type Descriptor, descriptorOf } from '../../../src/oci/descriptor.ts'
import { indexBytes } from '../../../src/oci/manifest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import type { Platform } from '../../../src/oci/platform.ts'
import { parseReference, type Reference } from '../../../src/oci/reference.ts'
import { writeOutputs } from '../../../src/output/output.ts'
import { registryTargets } from '../../../src/output/registry-target.ts'
import type { RegistryClient } from '../../../src/registry/registry-client.ts'
import { collect } from '../../../src/stream/bytes.ts'
import { type RunningRegistry, startRegistry } from '../../support/registry.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { localClient } from '../cache/local-client.ts'
import { keptLog } from '../cache/samples.ts'
import { imageOf, makeLayer, makeTar, newStore, sampleImage } from './samples.ts'

const amd64: Platform = { os: 'linux', architecture: 'amd64' }
const arm64: Platform = { os: 'linux', architecture: 'arm64' }
const { log } = keptLog()
const directory = temporaryDirectory({ after })
let registry: RunningRegistry
let client: RegistryClient & AsyncDisposable

before(async () => {
  registry = await startRegistry()
  client = localClient(log)
})
after(async () => {
  await client[Symbol.asyncDispose]()
  await registry.stop()
})

function named(name: string): Reference {
  return parseReference(`${registry.host}/${name}`)
}

/** Pushes a sample image that says its name in a label; gives the descriptor of its manifest. */
async function pushed(name: string): Promise<Descriptor> {
  const image = await sampleImage(directory, { config: { Labels: { name } } })
  await writeOutputs(image, registryTargets([named(name)], { client, log }))
  return image.manifestDescriptor
}

async function pushIndex(name: string, manifests: readonly Descriptor[]): Promise<Descriptor> {
  const bytes = indexBytes({ mediaType: mediaTypes.ociIndex, manifests })
  await client.pushManifest(named(name), bytes, { mediaType: mediaTypes.ociIndex })
  return descriptorOf(bytes, mediaTypes.ociIndex)
}

test('an image comes without its layers, which are read when they are opened', async () => {
  const tar = makeTar(directory, { file: 'x' })
  const layer = await makeLayer(newStore(directory), directory, { file: 'x' })
  const image = finishImage(imageOf([layer]))
  await writeOutputs(image, registryTargets([named('plain:1')], { client, log }))
  const before = registry.log().length
  const found = await imageFromRegistry(named('plain:1'), { client, platform: amd64 })
  assert.deepEqual(Buffer.from(found.manifestBytes), Buffer.from(image.manifestBytes))
  assert.deepEqual(Buffer.from(found.configBytes), Buffer.from(image.configBytes))
  assert.equal(found.indexDescriptor, undefined)
  assert.equal(registry.log().slice(before).includes(layer.descriptor.digest), false)
  const [remote] = found.image.layers
  assert.ok(remote?.kind === 'remote')
  assert.deepEqual(await collect(openLayerTar(remote), 1 << 20), tar)
  const store = newStore(directory)
  assert.equal((await fetchLayer(remote, store)).diffID, layer.diffID)
  assert.ok(store.has(layer.descriptor))
})

test('the image of a platform is chosen from an index, and the index is told', async () => {
  const [one, two] = [await pushed('many:one'), await pushed('many:two')]
  const index = await pushIndex('many:all', [
    { ...one, platform: amd64 },
    { ...two, platform: arm64 },
    { ...one, platform: { os: 'unknown', architecture: 'unknown' } },
  ])
  const found = await imageFromRegistry(named('many:all'), { client, platform: arm64 })
  assert.equal(found.manifestDescriptor.digest, two.digest)
  assert.equal(found.indexDescriptor?.digest, index.digest)
  assert.deepEqual(found.image.config.config.Labels, { name: 'many:two' })
  const pinned = { ...named('many:all'), tag: undefined, digest: index.digest }
  const again = await imageFromRegistry(pinned, { client, platform: amd64 })
  assert.equal(again.manifestDescriptor.digest, one.digest)
})

test('a platform an index does not offer is an error that lists what it does', async () => {
  const one = await pushed('few:one')
  await pushIndex('few:all', [{ ...one, platform: amd64 }])
  await assert.rejects(imageFromRegistry(named('few:all'), { client, platform: arm64 }), (error) => {
    assert.ok(error instanceof HearthError)
    assert.equal(error.code, 'platform-missing')
    assert.match(error.message, /few:all has no image for linux\/arm64/)
    assert.equal(error.why, 'it offers linux/amd64')
    return true
  })
})

test('an index with one image of no stated platform gives that image', async () => {
  const one = await pushed('single:one')
  await pushIndex('single:all', [one])
  const found = await imageFromRegistry(named('single:all'), { client, platform: arm64 })
  assert.equal(found.manifestDescriptor.digest, one.digest)
})

test('an index may point to an index, but not without end', async () => {
  const one = await pushed('deep:0')
  let inner: Descriptor = { ...one, platform: amd64 }
  for (let depth = 1; depth <= 4; depth++) inner = { ...(await pushIndex(`deep:${depth}`, [inner])), platform: amd64 }
  const found = await imageFromRegistry(named('deep:3'), { client, platform: amd64 })
  assert.equal(found.manifestDescriptor.digest, one.digest)
  await assert.rejects(
    imageFromRegistry(named('deep:4'), { client, platform: amd64 }),
    (error) => error instanceof HearthError && error.code === 'manifest-invalid',
  )
})
