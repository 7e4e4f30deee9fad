import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { BlobStore } from '../../../src/content/blob-store.ts'
import { HearthError } from '../../../src/errors.ts'
import { imageFromStore } from '../../../src/image/from-store.ts'
import { finishImage } from '../../../src/image/image.ts'
import { fetchLayer, isWhole, openLayer, openLayerTar, type StoredLayer, storeLayer } from '../../../src/image/layer.ts'
import { type Descriptor, descriptorOf } from '../../../src/oci/descriptor.ts'
import { type DiffID, digestOf } from '../../../src/oci/digest.ts'
import { imageConfigBytes } from '../../../src/oci/image-config.ts'
import { indexBytes, manifestBytes } from '../../../src/oci/manifest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { bytesOf, collect } from '../../../src/stream/bytes.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { filesBelow, flipBit, inChunks, noise } from '../content/support.ts'
import { imageOf, makeLayer, makeTar, newStore, sampleImage } from './samples.ts'

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function fails(code: string, says: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof HearthError && error.code === code && says.test(`${error.message}\n${error.why}`)
}

function blobPath(layer: StoredLayer): string {
  return join(layer.store.directory, 'blobs', layer.descriptor.digest.replace(':', '/'))
}

test('a stored layer has the digest of its compressed and the diffID of its plain bytes', async (t) => {
  const directory = temporaryDirectory(t)
  const tar = makeTar(directory, { file: 'x'.repeat(100_000) })
  const layer = await storeLayer(newStore(directory), inChunks(tar, 999), { level: 6 })
  const bytes = readFileSync(blobPath(layer))
  assert.deepEqual(layer.descriptor, {
    mediaType: mediaTypes.ociLayerGzip,
    digest: sha256(bytes),
    size: bytes.byteLength,
  })
  assert.equal(layer.diffID, sha256(tar))
  assert.deepEqual(gunzipSync(bytes), tar)
  assert.deepEqual(execFileSync('gzip', ['-dc'], { input: bytes }), tar)
})

test('equal tars give equal layers, however they are cut into chunks', async (t) => {
  const store = newStore(temporaryDirectory(t))
  const tar = noise('tar', 3_000_000)
  const layers = [
    await storeLayer(store, inChunks(tar, 1 << 20), { level: 1 }),
    await storeLayer(store, inChunks(tar, 777), { level: 1 }),
  ]
  assert.equal(layers[0]?.descriptor.digest, layers[1]?.descriptor.digest)
})

test('a layer gives its bytes as stored, and its tar whatever the compression', async (t) => {
  const directory = temporaryDirectory(t)
  const store = newStore(directory)
  const tar = makeTar(directory, { file: 'content' })
  const stored = await storeLayer(store, bytesOf(tar), { level: 1 })
  assert.deepEqual(sha256(await collect(openLayer(stored), 1 << 20)), stored.descriptor.digest)
  for (const [mediaType, bytes] of [
    [mediaTypes.ociLayer, tar],
    [mediaTypes.dockerLayerGzip, execFileSync('gzip', ['-c'], { input: tar })],
    [mediaTypes.ociLayerZstd, execFileSync('zstd', ['-c', '-q'], { input: tar })],
  ] as const) {
    const descriptor = { ...(await store.writeBytes(bytes)), mediaType }
    const layer: StoredLayer = { kind: 'stored', descriptor, diffID: sha256(tar) as unknown as DiffID, store }
    assert.deepEqual(await collect(openLayerTar(layer), 1 << 20), tar, mediaType)
  }
})

test('a layer that does not hold what its diffID promises is refused at its end', async (t) => {
  const directory = temporaryDirectory(t)
  const layer = await makeLayer(newStore(directory), directory, { file: 'x' })
  const lying = { ...layer, diffID: digestOf('else') as string as DiffID }
  await assert.rejects(collect(openLayerTar(lying), 1 << 20), fails('integrity', /hashes to/))
})

test('a layer that was cut off on disk is refused', async (t) => {
  const directory = temporaryDirectory(t)
  const layer = await makeLayer(newStore(directory), directory, { file: noise('file', 20_000).toString('hex') })
  truncateSync(blobPath(layer), layer.descriptor.size - 100)
  await assert.rejects(collect(openLayerTar(layer), 1 << 20), HearthError)
  await assert.rejects(collect(openLayer(layer), 1 << 20), HearthError)
})

test('what is no filesystem layer is not unpacked', async (t) => {
  const directory = temporaryDirectory(t)
  const layer = await makeLayer(newStore(directory), directory, { file: 'x' })
  const signature = {
    ...layer,
    descriptor: { ...layer.descriptor, mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' },
  }
  await assert.rejects(collect(openLayerTar(signature), 1 << 20), fails('layer-invalid', /not a filesystem layer/))
})

test('fetching copies a layer into another store once, and is nothing in its own', async (t) => {
  const directory = temporaryDirectory(t)
  const [here, there] = [newStore(directory), newStore(directory)]
  const layer = await makeLayer(here, directory, { file: 'x' })
  assert.equal(await fetchLayer(layer, here), layer)
  const fetched = await fetchLayer(layer, there)
  assert.equal(fetched.store, there)
  assert.deepEqual(readFileSync(blobPath(fetched)), readFileSync(blobPath(layer)))
  truncateSync(blobPath(layer), 0)
  assert.equal((await fetchLayer(layer, there)).store, there, 'the first store is not read again')
})

/** The same store as another process sees it: it has written nothing. */
function seenAnew(layer: StoredLayer): StoredLayer {
  return { ...layer, store: BlobStore.open(layer.store.directory, { readOnly: false }) }
}

async function largeLayer(directory: string): Promise<StoredLayer> {
  return makeLayer(newStore(directory), directory, { file: noise('file', 2_500_000).toString('latin1') })
}

test('a damaged copy is an integrity error that names it, however early decoding would fail, and is gone then', async (t) => {
  const directory = temporaryDirectory(t)
  for (const read of [openLayerTar, openLayer]) {
    const layer = seenAnew(await largeLayer(directory))
    assert.ok(layer.descriptor.size > 2 << 20)
    flipBit(blobPath(layer))
    await assert.rejects(collect(read(layer), 1 << 24), (error) => {
      return error instanceof HearthError && error.code === 'integrity' && error.where === blobPath(layer)
    })
    assert.equal(existsSync(blobPath(layer)), false)
  }
})

test('in place of a damaged copy the layer comes from elsewhere, and is whole here afterwards', async (t) => {
  const directory = temporaryDirectory(t)
  const whole = await largeLayer(directory)
  const elsewhere = async (): Promise<StoredLayer> => whole
  for (const read of [
    (layer: StoredLayer) => collect(openLayer(layer), 1 << 24),
    (layer: StoredLayer) => collect(openLayerTar(layer), 1 << 24),
    (layer: StoredLayer) => fetchLayer(layer, layer.store),
    (layer: StoredLayer) => fetchLayer(layer, newStore(directory)),
  ]) {
    const layer = { ...seenAnew(await largeLayer(directory)), elsewhere }
    flipBit(blobPath(layer))
    await read(layer)
    assert.deepEqual(readFileSync(blobPath(layer)), readFileSync(blobPath(whole)))
  }
})

test('a layer found elsewhere that is another one does not count', async (t) => {
  const directory = temporaryDirectory(t)
  const another = await makeLayer(newStore(directory), directory, { file: 'y' })
  const layer = { ...seenAnew(await largeLayer(directory)), elsewhere: async () => another }
  flipBit(blobPath(layer))
  assert.equal(await isWhole(layer), false)
  await assert.rejects(collect(openLayer(layer), 1 << 24), fails('integrity', /damaged or gone/))
})

test('a layer damaged where it comes from does not get into the other store', async (t) => {
  const directory = temporaryDirectory(t)
  const [here, there] = [newStore(directory), newStore(directory)]
  const layer = await makeLayer(here, directory, { file: 'x' })
  truncateSync(blobPath(layer), 10)
  await assert.rejects(fetchLayer(layer, there), fails('integrity', /./))
  assert.equal(there.has(layer.descriptor), false)
})

test("a finished image speaks OCI: Docker's types become their twins, the bytes of layers stay", async (t) => {
  const directory = temporaryDirectory(t)
  const store = newStore(directory)
  const own = await makeLayer(store, directory, { file: 'x' })
  const typed = (mediaType: string): StoredLayer => ({
    ...own,
    descriptor: { ...own.descriptor, mediaType, annotations: { a: 'b' } },
  })
  const image = finishImage(
    imageOf([typed(mediaTypes.dockerLayerGzip), typed(mediaTypes.dockerLayer), typed(mediaTypes.ociLayerZstd)]),
  )
  assert.deepEqual(
    image.manifest.layers.map(({ mediaType }) => mediaType),
    [mediaTypes.ociLayerGzip, mediaTypes.ociLayer, mediaTypes.ociLayerZstd],
  )
  for (const [i, descriptor] of image.manifest.layers.entries()) {
    assert.deepEqual(
      { ...descriptor, mediaType: '' },
      { mediaType: '', digest: own.descriptor.digest, size: own.descriptor.size },
    )
    assert.deepEqual(image.layers[i]?.descriptor, descriptor)
  }
  assert.equal(image.manifest.mediaType, mediaTypes.ociManifest)
  assert.equal(image.configDescriptor.mediaType, mediaTypes.ociConfig)
})

test('the documents of a finished image agree with each other', async (t) => {
  const image = await sampleImage(temporaryDirectory(t), { annotations: { key: 'value' } })
  assert.equal(sha256(image.manifestBytes), image.manifestDescriptor.digest)
  assert.equal(sha256(image.configBytes), image.configDescriptor.digest)
  const manifest = JSON.parse(Buffer.from(image.manifestBytes).toString())
  const config = JSON.parse(Buffer.from(image.configBytes).toString())
  assert.deepEqual(manifest.config, { ...image.configDescriptor })
  assert.deepEqual(manifest.annotations, { key: 'value' })
  assert.deepEqual(config.rootfs, { type: 'layers', diff_ids: image.layers.map(({ diffID }) => diffID) })
})

test('the diffIDs of a finished image are those of its layers, whatever the configuration said', async (t) => {
  const directory = temporaryDirectory(t)
  const layer = await makeLayer(newStore(directory), directory, { file: 'x' })
  const image = imageOf([layer])
  const { configBytes } = finishImage({ ...image, config: { ...image.config, diffIDs: [] } })
  assert.deepEqual(JSON.parse(Buffer.from(configBytes).toString()).rootfs.diff_ids, [layer.diffID])
})

test('an image written to a store is read back as it was', async (t) => {
  const directory = temporaryDirectory(t)
  const store = newStore(directory)
  const layer = await makeLayer(store, directory, { file: 'x' })
  const image = imageOf([layer], { annotations: { key: 'value' } })
  const finished = finishImage(image)
  await store.writeBytes(finished.configBytes)
  await store.writeBytes(finished.manifestBytes)
  const read = await imageFromStore(store, finished.manifestDescriptor)
  assert.deepEqual(read.image, image)
  assert.deepEqual(Buffer.from(read.configBytes), Buffer.from(finished.configBytes))
  assert.equal(filesBelow(store.directory).length, 3)
})

const config = { architecture: 'amd64', os: 'linux', config: {}, diffIDs: [], history: [] } as const

test('an image is refused whose configuration does not count its layers', async (t) => {
  const directory = temporaryDirectory(t)
  const store = newStore(directory)
  const { descriptor } = await makeLayer(store, directory, { file: 'x' })
  const stored = await storeDocuments(store, { layers: [descriptor] })
  await assert.rejects(imageFromStore(store, stored), fails('config-invalid', /lists 1 layers, its configuration 0/))
})

test('an image with something that is no filesystem layer is refused', async (t) => {
  const directory = temporaryDirectory(t)
  const store = newStore(directory)
  const layer = await makeLayer(store, directory, { file: 'x' })
  const layers = [{ ...layer.descriptor, mediaType: 'application/wasm' }]
  const stored = await storeDocuments(store, { layers, diffIDs: [layer.diffID] })
  await assert.rejects(
    imageFromStore(store, stored),
    fails('config-invalid', /application\/wasm is not a filesystem layer/),
  )
})

test('an index in the place of a manifest is refused', async (t) => {
  const store = newStore(temporaryDirectory(t))
  const bytes = indexBytes({ mediaType: mediaTypes.ociIndex, manifests: [] })
  await store.writeBytes(bytes)
  await assert.rejects(
    imageFromStore(store, descriptorOf(bytes, mediaTypes.ociIndex)),
    fails('manifest-invalid', /an image index/),
  )
})

interface Parts {
  readonly layers: readonly Descriptor[]
  readonly diffIDs?: readonly DiffID[]
}

/** Writes a configuration and a manifest as they are told, whether they agree or not. */
async function storeDocuments(
  store: ReturnType<typeof newStore>,
  { layers, diffIDs = [] }: Parts,
): Promise<Descriptor> {
  const bytes = imageConfigBytes({ ...config, diffIDs })
  const manifest = manifestBytes({
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(bytes, mediaTypes.ociConfig),
    layers,
  })
  await store.writeBytes(bytes)
  await store.writeBytes(manifest)
  return descriptorOf(manifest, mediaTypes.ociManifest)
}
