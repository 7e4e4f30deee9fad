import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { everything } from '../../../cache/carry-selection.ts'
import { readEntry } from '../../../cache/entry-file.ts'
import { canonicalInputs } from '../../../cache/key.ts'
import { ociLayerCache } from '../../../cache/oci-directory.ts'
import { openLayer } from '../../../src/image/layer.ts'
import { type Digest, digestOf } from '../../../src/oci/digest.ts'
import { indexBytes } from '../../../src/oci/manifest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { collect } from '../../../src/stream/bytes.ts'
import { damagedBlobs, filesBelow, flipBit, temporaryDirectory } from '../content/support.ts'
import {
  addImage,
  addLayers,
  amd64,
  counts,
  editIndex,
  exportTo,
  importFrom,
  indexDigest,
  openImages,
  openLayers,
} from './carrying.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleRecord, sampleTime } from './samples.ts'

interface Places {
  readonly source: string
  readonly layout: string
  readonly directory: string
}

function places(t: TestContext): Places {
  const place = temporaryDirectory(t)
  return { source: join(place, 'source'), layout: join(place, 'layout'), directory: join(place, 'cache') }
}

/** A layout of these layers, made anew from a cache. */
async function exported(t: TestContext, ...names: readonly string[]): Promise<Places> {
  const made = places(t)
  await addLayers(made.source, ...names)
  await exportTo(made.source, made.layout)
  return made
}

test('layers are found in the other cache, with the same bytes and the list of their inputs', async (t) => {
  const { source, layout, directory } = await exported(t, 'a', 'b')
  assert.deepEqual((await importFrom(layout, directory)).layers, counts(2))
  for (const name of ['a', 'b']) {
    const [here, there] = [source, directory].map((place) => openLayers(place).lookup(sampleKey(name)))
    const [one, other] = [await here, await there]
    assert.ok(one !== undefined && other !== undefined)
    assert.deepEqual(await collect(openLayer(other.layer), 10_000), await collect(openLayer(one.layer), 10_000))
    const inputs = digestOf(canonicalInputs(sampleRecord(name).inputs ?? []))
    assert.ok(existsSync(openStore(directory).pathOf(inputs)))
  }
  assert.ok(!existsSync(join(directory, 'tmp')))
})

test('an import can be repeated, and says what was there', async (t) => {
  const { source, layout, directory } = places(t)
  await addLayers(source, 'a')
  await addImage(t, source, { text: 'debian:12' })
  await exportTo(source, layout)
  await importFrom(layout, directory)
  const before = filesBelow(directory)
  const again = await importFrom(layout, directory)
  assert.deepEqual([again.layers, again.images, again.bytes], [counts(0, { kept: 1 }), counts(0, { kept: 1 }), 0])
  assert.deepEqual(filesBelow(directory), before)
})

test('what a build has written to an oci: cache is imported as well', async (t) => {
  const { layout, directory } = places(t)
  const cache = ociLayerCache({ path: layout, ttlMs: hour, log: keptLog().log, now: () => sampleTime })
  await cache.store(sampleEntry('a'), await sampleLayer(openStore(temporaryDirectory(t)), 'a'))
  assert.deepEqual((await importFrom(layout, directory)).layers, counts(1))
  assert.ok(await openLayers(directory).lookup(sampleKey('a')))
})

test('layers survive a journey with skopeo, one by one', async (t) => {
  const { layout, directory } = await exported(t, 'a')
  const copy = `${layout}-copy`
  execFileSync('skopeo', ['copy', `oci:${layout}:${sampleKey('a')}`, `oci:${copy}:${sampleKey('a')}`], {
    stdio: 'pipe',
  })
  assert.deepEqual((await importFrom(copy, directory)).layers, counts(1))
})

test('an image is found by its tag and its own digest', async (t) => {
  const { source, layout, directory } = places(t)
  const image = await addImage(t, source, { text: 'debian:12', resolved: indexDigest })
  await exportTo(source, layout)
  assert.deepEqual((await importFrom(layout, directory)).images, counts(1))
  const images = openImages(directory)
  for (const text of ['debian:12', `debian@${image.manifestDescriptor.digest}`]) {
    assert.deepEqual((await images.status(parseReference(text), amd64))?.resolvedAt, sampleTime, text)
  }
})

test('the digest of an index stands for an image only where the index is there and lists it', async (t) => {
  const { source, layout, directory } = places(t)
  const forged = await addImage(t, source, { text: 'debian:12', resolved: indexDigest })
  const { mediaType, digest, size } = forged.manifestDescriptor
  const index = indexBytes({ mediaType: mediaTypes.ociIndex, manifests: [{ mediaType, digest, size }] })
  await addImage(t, source, { text: 'node:24', resolved: digestOf(index) })
  await openStore(source).writeBytes(index)
  await addImage(t, source, { text: 'real:1', resolved: digestOf(index) })
  const real = await openImages(source).status(parseReference('debian:12'), amd64)
  assert.ok(real !== undefined)
  await exportTo(source, layout)
  await importFrom(layout, directory)
  const images = openImages(directory)
  assert.equal(await images.find(parseReference(`debian@${indexDigest}`), amd64), undefined)
  // The index is there, but lists another image.
  assert.equal(await images.find(parseReference(`node@${digestOf(index)}`), amd64), undefined)
  assert.ok(await images.find(parseReference('node:24'), amd64))
})

test('an index that lists the image lets its digest stand for it', async (t) => {
  const { source, layout, directory } = places(t)
  const first = await addImage(t, source, { text: 'debian:12' })
  const { mediaType, digest, size } = first.manifestDescriptor
  const index = indexBytes({ mediaType: mediaTypes.ociIndex, manifests: [{ mediaType, digest, size }] })
  await openStore(source).writeBytes(index)
  await addImage(t, source, { text: 'debian:12', resolved: digestOf(index) })
  await exportTo(source, layout)
  await importFrom(layout, directory)
  assert.ok(await openImages(directory).find(parseReference(`debian@${digestOf(index)}`), amd64))
})

test('an image that was resolved later stays, and an older one is replaced', async (t) => {
  const { source, layout, directory } = places(t)
  const theirs = await addImage(t, source, { text: 'debian:12', after: hour })
  await exportTo(source, layout)
  await addImage(t, directory, { text: 'debian:12', after: 2 * hour })
  assert.deepEqual((await importFrom(layout, directory)).images, counts(0, { kept: 1 }))
  const older = `${directory}-older`
  await addImage(t, older, { text: 'debian:12' })
  assert.deepEqual((await importFrom(layout, older)).images, counts(1))
  const found = await openImages(older).status(parseReference('debian:12'), amd64)
  assert.deepEqual(
    [found?.manifest.digest, found?.resolvedAt],
    [theirs.manifestDescriptor.digest, new Date(sampleTime.getTime() + hour)],
  )
})

test('a layer that the cache has for the key stays, even another one, unless it is damaged', async (t) => {
  const { layout, directory } = await exported(t, 'a')
  const own = await sampleLayer(openStore(directory), 'other bytes')
  const cache = openLayers(directory)
  await cache.store(sampleEntry('a'), own)
  assert.deepEqual((await importFrom(layout, directory)).layers, counts(0, { kept: 1 }))
  assert.equal((await readEntry(directory, sampleKey('a')))?.layer.digest, own.descriptor.digest)
  flipBit(openStore(directory).pathOf(own.descriptor.digest))
  assert.deepEqual((await importFrom(layout, directory)).layers, counts(1))
  assert.notEqual((await readEntry(directory, sampleKey('a')))?.layer.digest, own.descriptor.digest)
  assert.deepEqual(damagedBlobs(directory), [])
})

test('of the same layer, the later time counts', async (t) => {
  const { source, layout, directory } = await exported(t, 'a')
  const later = new Date(sampleTime.getTime() + 1000)
  const cache = openLayers(directory)
  await cache.store({ ...sampleEntry('a'), created: later }, await sampleLayer(openStore(directory), 'a'))
  await importFrom(layout, directory)
  assert.deepEqual((await readEntry(directory, sampleKey('a')))?.created, later)
  const newer = `${layout}-newer`
  await exportTo(directory, newer)
  assert.deepEqual((await importFrom(newer, source)).layers, counts(0, { kept: 1 }))
  assert.deepEqual((await readEntry(source, sampleKey('a')))?.created, later)
})

test('only what is selected is imported', async (t) => {
  const { source, layout, directory } = places(t)
  await addLayers(source, 'a', 'b')
  await addImage(t, source, { text: 'debian:12' })
  await exportTo(source, layout)
  const selection = { ...everything, images: false, patterns: ['COPY b *'] }
  const report = await importFrom(layout, directory, { selection })
  assert.deepEqual([report.layers, report.images], [counts(1), counts(0)])
  assert.ok(await openLayers(directory).lookup(sampleKey('b')))
})

test('a dry run checks everything and writes nothing', async (t) => {
  const { layout, directory } = await exported(t, 'a', 'b')
  const planned = await importFrom(layout, directory, { dryRun: true })
  assert.ok(!existsSync(directory))
  assert.deepEqual(planned, await importFrom(layout, directory))
})

/** What a stranger may do to a layout of the layers "bad" and "good"; "bad" is not to be found afterwards. */
const hostile: Readonly<Record<string, (layout: string, digests: { layer: Digest; other: Digest }) => void>> = {
  'whose layer is damaged': (layout, { layer }) => flipBit(openStore(layout).pathOf(layer)),
  'whose layer is missing': (layout, { layer }) => rmSync(openStore(layout).pathOf(layer)),
  'whose layer is a link to a file of the machine': (layout, { layer }) => {
    rmSync(openStore(layout).pathOf(layer))
    symlinkSync('/etc/passwd', openStore(layout).pathOf(layer))
  },
  'whose layer is a pipe': (layout, { layer }) => {
    rmSync(openStore(layout).pathOf(layer))
    execFileSync('mkfifo', [openStore(layout).pathOf(layer)])
  },
  'whose layer is a directory': (layout, { layer }) => {
    rmSync(openStore(layout).pathOf(layer))
    mkdirSync(openStore(layout).pathOf(layer))
  },
  'whose layer is that of another': (layout, { layer, other }) => {
    const store = openStore(layout)
    rmSync(store.pathOf(layer))
    writeFileSync(store.pathOf(layer), readFileSync(store.pathOf(other)))
  },
  'that carries the name of another': (layout) => {
    editIndex(layout, ({ manifests }) => {
      const [bad, good] = ['bad', 'good'].map((name) => {
        return manifests.find(({ annotations }) => annotations['org.opencontainers.image.ref.name'] === sampleKey(name))
      })
      if (bad !== undefined && good !== undefined) bad.digest = good.digest
      if (bad !== undefined && good !== undefined) bad.size = good.size
    })
  },
  'whose manifest has another size': (layout) => {
    editIndex(layout, ({ manifests }) => {
      for (const one of manifests) {
        if (one.annotations['org.opencontainers.image.ref.name'] === sampleKey('bad')) one.size = 10 ** 12
      }
    })
  },
}

for (const [what, spoil] of Object.entries(hostile)) {
  test(`a layer ${what} is one warning, and the others are imported`, async (t) => {
    const { source, layout, directory } = places(t)
    const [layer, other] = (await addLayers(source, 'bad', 'good')).map(({ descriptor }) => descriptor.digest)
    assert.ok(layer !== undefined && other !== undefined)
    await exportTo(source, layout)
    spoil(layout, { layer, other })
    const kept = keptLog()
    const report = await importFrom(layout, directory, { log: kept.log })
    assert.deepEqual(report.layers, counts(1, { damaged: 1 }), kept.lines.join('\n'))
    assert.equal(kept.warnings().length, 1)
    assert.match(kept.warnings()[0] ?? '', new RegExp(sampleKey('bad')))
    assert.equal(await openLayers(directory).lookup(sampleKey('bad')), undefined)
    assert.ok(await openLayers(directory).lookup(sampleKey('good')))
    assert.deepEqual(damagedBlobs(directory), [])
  })
}

test('an image with a time, platform or digest that cannot be is one warning', async (t) => {
  for (const [field, value] of [
    ['hearth.cache.resolved-at', 'yesterday'],
    ['hearth.cache.resolved', '../../etc'],
    ['org.opencontainers.image.ref.name', 'Not A Reference'],
    ['org.opencontainers.image.ref.name', `debian@${digestOf('another')}`],
  ] as const) {
    const { source, layout, directory } = places(t)
    await addImage(t, source, { text: 'debian:12' })
    await exportTo(source, layout)
    editIndex(layout, ({ manifests }) => {
      for (const one of manifests) one.annotations[field] = value
    })
    const kept = keptLog()
    assert.deepEqual((await importFrom(layout, directory, { log: kept.log })).images, counts(0, { damaged: 1 }), value)
    assert.equal(kept.warnings().length, 1)
    assert.deepEqual(await openImages(directory).list(), [])
  }
})

test('a layout that cannot be read is one clear error, and images of no cache are passed over', async (t) => {
  const { layout, directory } = await exported(t, 'a')
  editIndex(layout, ({ manifests }) => {
    for (const one of manifests) one.annotations['org.opencontainers.image.ref.name'] = 'latest'
  })
  const report = await importFrom(layout, directory)
  assert.deepEqual([report.layers, report.foreign], [counts(0), 2])
  writeFileSync(join(layout, 'index.json'), '{"manifests":[{}]}')
  await assert.rejects(importFrom(layout, directory), { code: 'manifest-invalid', where: join(layout, 'index.json') })
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"9"}')
  await assert.rejects(importFrom(layout, directory), /unknown version/)
})
