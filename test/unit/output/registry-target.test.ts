import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { imageFromRegistry } from '../../../src/image/from-registry.ts'
import { type FinishedImage, finishImage } from '../../../src/image/image.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { writeOutputs } from '../../../src/output/output.ts'
import { registryTargets } from '../../../src/output/registry-target.ts'
import { skopeo } from '../../support/image-tree.ts'
import { startRegistry } from '../../support/registry.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { localClient } from '../cache/local-client.ts'
import { keptLog } from '../cache/samples.ts'
import { imageOf, makeLayer, newStore, sampleImage } from '../image/samples.ts'

const platform = { os: 'linux', architecture: 'amd64' }

test('an image is pushed under every tag of every repository, and its blobs once to each', async (t) => {
  await using registry = await startRegistry()
  const { log, lines } = keptLog()
  await using client = localClient(log)
  const image = await sampleImage(temporaryDirectory(t))
  const names = ['team/app:1', 'team/app:latest', 'other/app:1', 'team/app:1'].map((name) => `${registry.host}/${name}`)
  const targets = registryTargets(names.map(parseReference), { client, log })
  assert.deepEqual(
    targets.map(({ title }) => title),
    [`${registry.host}/team/app`, `${registry.host}/other/app`],
  )
  await writeOutputs(image, targets)
  for (const name of names) {
    const seen = JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${name}`]))
    assert.equal(seen.Digest, image.manifestDescriptor.digest)
  }
  const { digest } = image.configDescriptor
  const pushes = lines.filter((line) => line.includes(digest) && line.includes(`${registry.host}/team/app:`))
  assert.equal(pushes.length, 1, 'once for all tags of a repository')
  assert.ok(
    lines.some(
      (line) => line.startsWith('INFO') && line.includes(`team/app:latest@${image.manifestDescriptor.digest}`),
    ),
  )
})

test('layers the registry has in another repository are mounted from there, not read', async (t) => {
  await using registry = await startRegistry()
  const { log, lines } = keptLog()
  await using client = localClient(log)
  const directory = temporaryDirectory(t)
  const base = parseReference(`${registry.host}/base:1`)
  await writeOutputs(await sampleImage(directory), registryTargets([base], { client, log }))
  const { image } = await imageFromRegistry(base, { client, platform })
  const own = await makeLayer(newStore(directory), directory, { own: 'x' })
  const requestsBefore = registry.log().length
  const built = finishImage(imageOf([...image.layers, own]))
  const app = parseReference(`${registry.host}/app:1`)
  await writeOutputs(built, registryTargets([app], { client, log }))
  const seen = JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${registry.host}/app:1`]))
  assert.equal(seen.Digest, built.manifestDescriptor.digest)
  assert.equal(seen.Layers.length, 3)
  for (const layer of image.layers) {
    assert.ok(
      lines.some((line) => line.includes(layer.descriptor.digest) && line.includes('mounted')),
      'mounted',
    )
    const read = registry.log().slice(requestsBefore).includes(`"GET /v2/base/blobs/${layer.descriptor.digest}`)
    assert.ok(!read, 'and not read')
  }
})

test('a registry that refuses is an error, and another one gets its image nevertheless', async (t) => {
  await using registry = await startRegistry()
  await using refusing = await startRegistry({ readOnly: true })
  const { log } = keptLog()
  await using client = localClient(log)
  const image: FinishedImage = await sampleImage(temporaryDirectory(t))
  const destinations = [`${refusing.host}/app:1`, `${registry.host}/app:1`].map(parseReference)
  await assert.rejects(writeOutputs(image, registryTargets(destinations, { client, log })), HearthError)
  const seen = JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${registry.host}/app:1`]))
  assert.equal(seen.Digest, image.manifestDescriptor.digest)
})

test('a destination with a digest is refused, as it cannot be known before', async () => {
  const { log } = keptLog()
  await using client = localClient(log)
  const destination = parseReference(`localhost:5000/app@sha256:${'0'.repeat(64)}`)
  assert.throws(
    () => registryTargets([destination], { client, log }),
    (error) => error instanceof HearthError && error.code === 'reference-invalid',
  )
})
