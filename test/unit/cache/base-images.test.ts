import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { BaseImages } from '../../../cache/base-images.ts'
import type { BlobStore } from '../../../src/content/blob-store.ts'
import { OciLayout } from '../../../src/content/oci-layout.ts'
import { HearthError } from '../../../src/errors.ts'
import { imageFromStore } from '../../../src/image/from-store.ts'
import { finishImage } from '../../../src/image/image.ts'
import type { PulledImage } from '../../../src/image/pulled-image.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { parsePlatform } from '../../../src/oci/platform.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { damagedBlobs, filesBelow, temporaryDirectory } from '../content/support.ts'
import { hour, keptLog, openStore, sampleLayer, sampleTime } from './samples.ts'

const amd64 = parsePlatform('linux/amd64')
const arm64 = parsePlatform('linux/arm64')
const indexDigest = digestOf('an index')

/** An image of two layers, one of them the same in every image, in a store of its own. */
async function sampleImage(t: TestContext, name: string): Promise<PulledImage> {
  const store = openStore(temporaryDirectory(t))
  const layers = [await sampleLayer(store, 'shared'), await sampleLayer(store, name)]
  const config = { ...amd64, config: { Labels: { name } }, diffIDs: layers.map(({ diffID }) => diffID), history: [] }
  const image = { config, layers, annotations: {} }
  const { manifestDescriptor, manifestBytes, configBytes } = finishImage(image)
  return { manifestDescriptor, manifestBytes, configBytes, image }
}

function openImages(directory: string, after = 0, kept = keptLog()): BaseImages {
  const now = (): Date => new Date(sampleTime.getTime() + after)
  return BaseImages.open(directory, { readOnly: false, log: kept.log, ttlMs: 10 * hour, now })
}

async function warmed(t: TestContext): Promise<{ readonly directory: string; readonly image: PulledImage }> {
  const directory = temporaryDirectory(t)
  const image = await sampleImage(t, 'debian')
  const add = { reference: parseReference('debian:12'), platform: amd64, resolvedDigest: indexDigest }
  await openImages(directory).add(image, add)
  return { directory, image }
}

test('a warmed image is found by tag, by the digest of its index, and by its own digest', async (t) => {
  const { directory, image } = await warmed(t)
  const images = openImages(directory)
  const own = image.manifestDescriptor.digest
  for (const text of ['debian:12', `debian@${indexDigest}`, `debian:12@${indexDigest}`, `debian@${own}`]) {
    const found = await images.find(parseReference(text), amd64)
    assert.deepEqual(found, image.manifestDescriptor, text)
  }
})

test('other tags, digests and platforms are not found', async (t) => {
  const { directory, image } = await warmed(t)
  const images = openImages(directory)
  for (const text of ['debian:11', 'debian', 'registry.example/debian:12', `debian@${digestOf('other')}`]) {
    assert.equal(await images.find(parseReference(text), amd64), undefined, text)
  }
  assert.equal(await images.find(parseReference('debian:12'), arm64), undefined)
  assert.equal(await images.find(parseReference(`debian@${indexDigest}`), arm64), undefined)
  // The digest of a manifest names one image, whatever platform is asked for.
  assert.ok(await images.find(parseReference(`debian@${image.manifestDescriptor.digest}`), arm64))
})

test('what is found can be read as the same image', async (t) => {
  const { directory, image } = await warmed(t)
  const images = openImages(directory)
  const found = await images.find(parseReference('debian:12'), amd64)
  const read = await imageFromStore(images.store, found!)
  assert.deepEqual(read.image.config, image.image.config)
  assert.deepEqual(
    read.image.layers.map(({ descriptor }) => descriptor),
    image.image.layers.map(({ descriptor }) => descriptor),
  )
  assert.ok(read.image.layers.every((layer) => layer.kind === 'stored' && layer.store.has(layer.descriptor)))
})

test('a tag expires and says so, a digest never does', async (t) => {
  const { directory } = await warmed(t)
  const kept = keptLog()
  const images = openImages(directory, 10 * hour + 1, kept)
  assert.equal(await images.find(parseReference('debian:12'), amd64), undefined)
  assert.equal(kept.lines.filter((line) => line.includes('longer ago')).length, 1)
  const status = await images.status(parseReference('debian:12'), amd64)
  assert.deepEqual([status?.expired, status?.resolved, status?.resolvedAt], [true, indexDigest, sampleTime])
  assert.ok(await images.find(parseReference(`debian@${indexDigest}`), amd64))
  assert.ok(await openImages(directory, 10 * hour).find(parseReference('debian:12'), amd64))
  assert.ok(await openImages(directory, -1000 * hour).find(parseReference('debian:12'), amd64))
})

test('a tag that moved is replaced, and its old image stays reachable by digest', async (t) => {
  const { directory, image } = await warmed(t)
  const next = await sampleImage(t, 'newer')
  const reference = parseReference('debian:12')
  const resolvedDigest = next.manifestDescriptor.digest
  await openImages(directory, hour).add(next, { reference, platform: amd64, resolvedDigest })
  const images = openImages(directory)
  assert.deepEqual(await images.find(reference, amd64), next.manifestDescriptor)
  assert.deepEqual(await images.find(parseReference(`debian@${indexDigest}`), amd64), image.manifestDescriptor)
  assert.deepEqual(
    (await images.list()).map(({ manifest }) => manifest.digest),
    [next.manifestDescriptor.digest],
  )
})

test('the directory is a layout that skopeo reads, with every blob once', async (t) => {
  const { directory, image } = await warmed(t)
  const other = await sampleImage(t, 'alpine')
  const add = {
    reference: parseReference('alpine:3'),
    platform: amd64,
    resolvedDigest: other.manifestDescriptor.digest,
  }
  await openImages(directory).add(other, add)
  const name = `oci:${directory}:index.docker.io/library/debian:12`
  const seen = JSON.parse(execFileSync('skopeo', ['inspect', name], { encoding: 'utf8' }))
  assert.deepEqual(
    [seen.Digest, seen.Labels.name, seen.Architecture],
    [image.manifestDescriptor.digest, 'debian', 'amd64'],
  )
  const listed = await (await OciLayout.open(directory, { readOnly: true })).images()
  assert.deepEqual(
    listed.map((one) => one.descriptor.platform),
    [amd64, amd64],
  )
  assert.equal(readdirSync(join(directory, 'blobs', 'sha256')).length, 2 * 2 + 3)
  assert.deepEqual(damagedBlobs(directory), [])
})

test('the warmed images are listed, also in the SQLite index', async (t) => {
  const { directory, image } = await warmed(t)
  const images = openImages(directory)
  await images.index()
  const [listed, ...more] = await images.list()
  const { digest } = image.manifestDescriptor
  assert.deepEqual(
    [listed?.reference, listed?.platform, listed?.manifest.digest, more.length],
    ['index.docker.io/library/debian:12', 'linux/amd64', digest, 0],
  )
  const db = new Database(join(directory, 'index', 'v2-g1.db'), { readonly: true })
  assert.deepEqual(db.prepare('SELECT * FROM images').all(), [
    {
      reference: 'index.docker.io/library/debian:12',
      platform: 'linux/amd64',
      manifest_digest: digest,
      resolved_at: sampleTime.getTime(),
    },
  ])
  db.close()
})

for (const [what, spoil] of [
  [
    'a layer is missing',
    (store: BlobStore, image: PulledImage) => rmSync(store.pathOf(image.image.layers[1]!.descriptor.digest)),
  ],
  [
    'its manifest is missing',
    (store: BlobStore, image: PulledImage) => rmSync(store.pathOf(image.manifestDescriptor.digest)),
  ],
  ['its manifest has other bytes', (store: BlobStore, image: PulledImage) => swapByte(store, image)],
  ['its reference is cut off', (store: BlobStore) => spoilReferences(store, '{"version":1')],
  ['its reference is forged', (store: BlobStore) => spoilReferences(store, '{"version":1,"name":"x"}')],
] as const) {
  test(`an image of which ${what} is not found, with one warning, and adding it again heals it`, async (t) => {
    const { directory, image } = await warmed(t)
    spoil(openStore(directory), image)
    const kept = keptLog()
    const images = openImages(directory, 0, kept)
    const reference = parseReference('debian:12')
    for (let i = 0; i < 2; i++) assert.equal(await images.find(reference, amd64), undefined)
    assert.equal(kept.warnings().length, 1, kept.warnings().join('\n'))
    await images.add(image, { reference, platform: amd64, resolvedDigest: indexDigest })
    assert.deepEqual(await images.find(reference, amd64), image.manifestDescriptor)
  })
}

test('an image whose layer cannot be fetched whole is not listed anywhere', async (t) => {
  const directory = temporaryDirectory(t)
  const image = await sampleImage(t, 'debian')
  const layer = image.image.layers[1]!
  if (layer.kind === 'stored') rmSync(layer.store.pathOf(layer.descriptor.digest))
  const images = openImages(directory)
  const reference = parseReference('debian:12')
  await assert.rejects(images.add(image, { reference, platform: amd64, resolvedDigest: indexDigest }), (error) => {
    return error instanceof HearthError && error.code === 'integrity'
  })
  assert.equal(await images.find(reference, amd64), undefined)
  assert.equal(existsSync(join(directory, 'index.json')), false)
  assert.equal(existsSync(join(directory, 'refs')), false)
})

test('several images added at once are all there', async (t) => {
  const directory = temporaryDirectory(t)
  const names = ['a', 'b', 'c', 'd', 'e']
  const pulled = await Promise.all(names.map((name) => sampleImage(t, name)))
  const images = openImages(directory)
  await Promise.all(
    pulled.map((image, i) => {
      const resolvedDigest = image.manifestDescriptor.digest
      return images.add(image, { reference: parseReference(names[i]!), platform: amd64, resolvedDigest })
    }),
  )
  for (const [i, name] of names.entries()) {
    assert.deepEqual(await images.find(parseReference(name), amd64), pulled[i]?.manifestDescriptor)
  }
  assert.equal((await images.list()).length, 5)
  assert.equal((await (await OciLayout.open(directory, { readOnly: true })).images()).length, 5)
})

test('a missing directory opened read-only has nothing, and adding to it is refused', async (t) => {
  const directory = join(temporaryDirectory(t), 'absent')
  const images = BaseImages.open(directory, { readOnly: true, log: keptLog().log })
  assert.equal(await images.find(parseReference('debian'), amd64), undefined)
  assert.deepEqual(await images.list(), [])
  const image = await sampleImage(t, 'debian')
  const add = { reference: parseReference('debian'), platform: amd64, resolvedDigest: indexDigest }
  await assert.rejects(images.add(image, add), (error) => error instanceof HearthError && error.code === 'permission')
  assert.equal(existsSync(directory), false)
})

function swapByte(store: BlobStore, image: PulledImage): void {
  const path = store.pathOf(image.manifestDescriptor.digest)
  chmodSync(path, 0o644)
  writeFileSync(path, Buffer.from(image.manifestBytes).fill(0x20, 5, 6))
}

function spoilReferences(store: BlobStore, content: string): void {
  const files = filesBelow(store.directory).filter((file) => file.startsWith('refs/'))
  for (const file of files) writeFileSync(join(store.directory, file), content)
}
