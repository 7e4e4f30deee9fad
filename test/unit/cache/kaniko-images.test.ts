import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { KanikoImages } from '../../../cache/kaniko-images.ts'
import { BlobStore } from '../../../src/content/blob-store.ts'
import { imageFromStore } from '../../../src/image/from-store.ts'
import { isWhole, openLayer, openLayerTar } from '../../../src/image/layer.ts'
import type { PulledImage } from '../../../src/image/pulled-image.ts'
import { parseDigest } from '../../../src/oci/digest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { ociLayoutTarget } from '../../../src/output/oci-layout-target.ts'
import { digestOfContent } from '../../../src/stream/digesting.ts'
import {
  onlyDigest,
  writeKanikoArchive,
  writeKanikoLayout,
  writeUncompressedArchive,
} from '../../support/kaniko-cache.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { flipBit } from '../content/support.ts'
import { sampleImage } from '../image/samples.ts'
import { keptLog } from './samples.ts'

const directory = temporaryDirectory({ after })
const name = 'base:1'
const source = { layout: join(directory, 'source'), name, digest: '' }
let pulled: PulledImage

before(async () => {
  await ociLayoutTarget({ directory: source.layout, name }).write(await sampleImage(directory))
  source.digest = onlyDigest(source.layout)
  const bytes = readFileSync(join(source.layout, 'blobs', source.digest.replace(':', '/')))
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: parseDigest(source.digest), size: bytes.byteLength }
  pulled = await imageFromStore(BlobStore.open(source.layout, { readOnly: true }), descriptor)
})

function openCache(): { cache: string; images: KanikoImages; warnings: () => readonly string[] } {
  const cache = mkdtempSync(join(directory, 'cache-'))
  const { log, warnings } = keptLog()
  return { cache, images: new KanikoImages({ directory: cache, log }), warnings }
}

/** Every file with its time and digest, as other programs see them. */
function stateOf(cache: string): string {
  const script = 'find . -printf "%p %m %T@ %C@\\n" | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum'
  return execFileSync('sh', ['-c', script], { cwd: cache, encoding: 'utf8' })
}

const forms = {
  'an archive beside its manifest': async (cache: string) => writeKanikoArchive(cache, source),
  'an OCI layout': (cache: string) => writeKanikoLayout(cache, source),
}

for (const [form, write] of Object.entries(forms)) {
  test(`${form} gives the image with its digests, and is not changed`, async () => {
    const { cache, images, warnings } = openCache()
    await write(cache)
    const before = stateOf(cache)
    const found = await images.find(parseDigest(source.digest))
    assert.ok(found)
    assert.deepEqual(found.manifestDescriptor, pulled.manifestDescriptor)
    assert.deepEqual(Buffer.from(found.manifestBytes), Buffer.from(pulled.manifestBytes))
    assert.deepEqual(Buffer.from(found.configBytes), Buffer.from(pulled.configBytes))
    assert.equal(found.image.layers.length, 2)
    for (const [i, layer] of found.image.layers.entries()) {
      assert.equal(layer.kind, 'packed')
      assert.deepEqual(layer.descriptor, pulled.image.layers[i]?.descriptor)
      assert.equal(await digestOfContent(openLayer(layer)), layer.descriptor.digest)
      assert.equal(await digestOfContent(openLayerTar(layer)), layer.diffID)
    }
    assert.equal(stateOf(cache), before)
    assert.deepEqual(warnings(), [])
  })

  test(`of ${form} with a damaged layer, that layer comes from elsewhere, with one warning`, async () => {
    const { cache, images, warnings } = openCache()
    const path = await write(cache)
    const [lower, upper] = pulled.image.layers
    assert.ok(lower && upper)
    const hex = lower.descriptor.digest.slice('sha256:'.length)
    if (form === 'an OCI layout') flipBit(join(path, 'blobs/sha256', hex))
    else corrupt(path, readFileSync(join(source.layout, 'blobs/sha256', hex)))
    const near = await images.nearer(pulled)
    assert.deepEqual(
      near?.image.layers.map(({ kind }) => kind),
      ['packed', 'packed'],
    )
    for (const layer of near?.image.layers ?? []) {
      assert.equal(await digestOfContent(openLayer(layer)), layer.descriptor.digest)
    }
    assert.equal(warnings().length, 1, warnings().join('\n'))
    const alone = (await images.find(parseDigest(source.digest)))?.image.layers[0]
    assert.ok(alone)
    assert.equal(await isWhole(alone), false)
    await assert.rejects(async () => await digestOfContent(openLayer(alone)), /damaged or gone/)
  })
}

/** Changes a byte in the middle of where a content lies in a file. */
function corrupt(path: string, content: Buffer): void {
  const bytes = readFileSync(path)
  const at = bytes.indexOf(content) + Math.floor(content.byteLength / 2)
  bytes[at] = 0xff ^ (bytes[at] ?? 0)
  writeFileSync(path, bytes)
}

test('an archive without its manifest is of use to those who have the manifest', async () => {
  const { cache, images, warnings } = openCache()
  rmSync(`${writeKanikoArchive(cache, source)}.json`)
  assert.equal(await images.find(parseDigest(source.digest)), undefined)
  const near = await images.nearer(pulled)
  assert.deepEqual(
    near?.image.layers.map(({ kind, descriptor }) => [kind, descriptor.digest]),
    pulled.image.layers.map(({ descriptor }) => ['packed', descriptor.digest]),
  )
  assert.deepEqual(warnings(), [])
})

test('what is not there is not found, without a word', async () => {
  const { images, warnings } = openCache()
  assert.equal(await images.find(parseDigest(source.digest)), undefined)
  assert.equal(await images.nearer(pulled), undefined)
  assert.deepEqual(warnings(), [])
})

const faults: Readonly<Record<string, (cache: string) => unknown>> = {
  'an archive that is cut off': (cache) => truncateSync(writeKanikoArchive(cache, source), 4000),
  'an empty archive': (cache) => truncateSync(writeKanikoArchive(cache, source), 0),
  'something that is no archive': (cache) => writeFileSync(writeKanikoArchive(cache, source), 'x'.repeat(2000)),
  'a manifest of another image': (cache) => writeFileSync(`${writeKanikoArchive(cache, source)}.json`, '{}'),
  'an archive whose layers were compressed anew or not at all': (cache) => writeUncompressedArchive(cache, source),
  'a layout without its manifest': async (cache) => {
    rmSync(join(await writeKanikoLayout(cache, source), 'blobs', source.digest.replace(':', '/')))
  },
  'a layout without a layer': async (cache) => {
    const digest = pulled.image.layers[0]?.descriptor.digest ?? ''
    rmSync(join(await writeKanikoLayout(cache, source), 'blobs', digest.replace(':', '/')))
  },
  'a link to an archive': (cache) => {
    const elsewhere = mkdtempSync(join(directory, 'elsewhere-'))
    symlinkSync(writeKanikoArchive(elsewhere, source), join(cache, source.digest))
  },
}

for (const [fault, make] of Object.entries(faults)) {
  test(`${fault} counts as missing, with one warning`, async () => {
    const { cache, images, warnings } = openCache()
    await make(cache)
    assert.equal(await images.find(parseDigest(source.digest)), undefined)
    assert.equal(await images.find(parseDigest(source.digest)), undefined)
    assert.equal(warnings().length, 1, warnings().join('\n'))
    assert.match(String(warnings()[0]), /warmed by kaniko/)
  })
}
