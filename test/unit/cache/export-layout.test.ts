import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { everything } from '../../../cache/carry-selection.ts'
import { canonicalInputs } from '../../../cache/key.ts'
import { localLayerCache } from '../../../cache/local.ts'
import { ociLayerCache } from '../../../cache/oci-directory.ts'
import { openLayer } from '../../../src/image/layer.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { collect } from '../../../src/stream/bytes.ts'
import { damagedBlobs, filesBelow, flipBit, temporaryDirectory } from '../content/support.ts'
import { addImage, addLayers, counts, exportTo, indexDigest } from './carrying.ts'
import { hour, keptLog, openStore, sampleKey, sampleRecord, sampleTime } from './samples.ts'

function places(t: TestContext): { readonly directory: string; readonly target: string } {
  const place = temporaryDirectory(t)
  return { directory: join(place, 'cache'), target: join(place, 'layout') }
}

test('skopeo reads every exported layer and image by its name', async (t) => {
  const { directory, target } = places(t)
  const [layer] = await addLayers(directory, 'a', 'b')
  await addImage(t, directory, { text: 'registry.example/team/base:1' })
  const report = await exportTo(directory, target)
  assert.deepEqual([report.layers, report.images, report.foreign], [counts(2), counts(1), 0])
  const read = (name: string): { Layers: string[]; Os: string } => {
    return JSON.parse(execFileSync('skopeo', ['inspect', `oci:${target}:${name}`], { encoding: 'utf8' }))
  }
  assert.deepEqual(read(sampleKey('a')).Layers, [layer?.descriptor.digest])
  assert.equal(read('registry.example/team/base:1').Layers.length, 2)
  const copy = join(directory, '..', 'copy')
  execFileSync('skopeo', ['copy', `oci:${target}:${sampleKey('a')}`, `oci:${copy}:a`], { stdio: 'pipe' })
  assert.deepEqual(damagedBlobs(target), [])
  assert.ok(!existsSync(join(target, 'tmp')))
})

test('a layout is used as it is as --cache-repo=oci:', async (t) => {
  const { directory, target } = places(t)
  const [layer] = await addLayers(directory, 'a')
  await exportTo(directory, target)
  const kept = keptLog()
  const cache = ociLayerCache({ path: target, readOnly: true, ttlMs: hour, log: kept.log, now: () => sampleTime })
  const hit = await cache.lookup(sampleKey('a'))
  assert.ok(hit !== undefined && layer !== undefined, kept.lines.join('\n'))
  assert.deepEqual(await collect(openLayer(hit.layer), 10_000), await collect(openLayer(layer), 10_000))
})

test('lists of inputs come along, and umoci finds them in use', async (t) => {
  const { directory, target } = places(t)
  await addLayers(directory, 'a')
  await exportTo(directory, target)
  const inputs = digestOf(canonicalInputs(sampleRecord('a').inputs ?? []))
  execFileSync('umoci', ['gc', '--layout', target], { stdio: 'pipe' })
  assert.ok(existsSync(openStore(target).pathOf(inputs)))
})

test('a second export adds only what is missing', async (t) => {
  const { directory, target } = places(t)
  await addLayers(directory, 'a')
  await exportTo(directory, target)
  const path = openStore(target).pathOf((await addLayers(directory, 'a'))[0]?.descriptor.digest ?? digestOf(''))
  const before = statSync(path)
  const [, layer] = await addLayers(directory, 'a', 'b')
  const report = await exportTo(directory, target)
  assert.deepEqual(report.layers, counts(1, { kept: 1 }))
  const inputs = canonicalInputs(sampleRecord('b').inputs ?? []).length
  assert.equal(report.bytes, (layer?.descriptor.size ?? 0) + inputs)
  assert.deepEqual([statSync(path).ino, statSync(path).mtimeMs], [before.ino, before.mtimeMs])
  assert.deepEqual((await exportTo(directory, target)).layers, counts(0, { kept: 2 }))
})

test('what is selected is carried, and nothing else', async (t) => {
  const { directory, target } = places(t)
  await addLayers(directory, 'one', 'two')
  await addImage(t, directory, { text: 'debian:12' })
  const selected = async (selection: Partial<typeof everything>): Promise<readonly number[]> => {
    const report = await exportTo(directory, target, { dryRun: true, selection: { ...everything, ...selection } })
    return [report.layers.added, report.images.added]
  }
  assert.deepEqual(await selected({ images: false }), [2, 0])
  assert.deepEqual(await selected({ layers: false }), [0, 1])
  assert.deepEqual(await selected({ patterns: ['COPY one*'] }), [1, 0])
  assert.deepEqual(await selected({ patterns: [sampleKey('two'), '*debian:*'] }), [1, 1])
  assert.deepEqual(await selected({ patterns: ['COPY'] }), [0, 0])
  assert.deepEqual(await selected({ usedSince: sampleTime }), [2, 1])
  assert.deepEqual(await selected({ usedSince: new Date(sampleTime.getTime() + 1) }), [0, 0])
  assert.ok(!existsSync(target))
})

test('a layer that was used lately counts as used, however old it is', async (t) => {
  const { directory, target } = places(t)
  await addLayers(directory, 'old', 'used')
  const later = new Date(sampleTime.getTime() + hour / 2)
  const options = { directory, store: openStore(directory), ttlMs: hour, readOnly: false, log: keptLog().log }
  const cache = localLayerCache({ ...options, now: () => later })
  assert.ok(await cache.lookup(sampleKey('used')))
  await cache.close()
  const report = await exportTo(directory, target, { selection: { ...everything, usedSince: later } })
  assert.equal(report.layers.added, 1)
})

test('a damaged layer or entry is one warning, leaves the cache, and the rest is exported', async (t) => {
  const { directory, target } = places(t)
  const [layer] = await addLayers(directory, 'a', 'b', 'c')
  const path = openStore(directory).pathOf(layer?.descriptor.digest ?? digestOf(''))
  flipBit(path)
  flipBit(join(directory, 'entries', `${sampleKey('b')}.json`))
  const kept = keptLog()
  const report = await exportTo(directory, target, { log: kept.log })
  assert.deepEqual(report.layers, counts(1, { damaged: 2 }))
  assert.equal(kept.warnings().length, 2, kept.warnings().join('\n'))
  assert.ok(!existsSync(path))
  assert.deepEqual(damagedBlobs(target), [])
  assert.deepEqual((await exportTo(directory, target)).layers, counts(0, { kept: 1, incomplete: 1, damaged: 1 }))
})

test('a layer whose bytes never came, and an image that lost some, are not complete', async (t) => {
  const { directory, target } = places(t)
  await addLayers(directory, 'a')
  const image = await addImage(t, directory, { text: 'debian:12' })
  rmSync(openStore(directory).pathOf(image.image.layers[1]?.descriptor.digest ?? digestOf('')))
  const [layer] = await addLayers(directory, 'gone')
  rmSync(openStore(directory).pathOf(layer?.descriptor.digest ?? digestOf('')))
  const report = await exportTo(directory, target)
  assert.deepEqual([report.layers, report.images], [counts(1, { incomplete: 1 }), counts(0, { incomplete: 1 })])
})

test('blobs are copies of their own, and with links they are not', async (t) => {
  const { directory, target } = places(t)
  const [layer] = await addLayers(directory, 'a')
  await exportTo(directory, target)
  const linked = join(target, '..', 'linked')
  await exportTo(directory, linked, { link: true })
  const [source, copy, link] = [directory, target, linked].map((place) => {
    return statSync(openStore(place).pathOf(layer?.descriptor.digest ?? digestOf('')))
  })
  assert.notEqual(copy?.ino, source?.ino)
  assert.equal(link?.ino, source?.ino)
  assert.equal((copy?.mode ?? 0) & 0o777, 0o444)
})

test('a dry run writes nothing and counts the same', async (t) => {
  const { directory, target } = places(t)
  await addLayers(directory, 'a', 'b')
  await addImage(t, directory, { text: 'debian:12', resolved: indexDigest })
  const before = filesBelow(directory)
  const planned = await exportTo(directory, target, { dryRun: true })
  assert.ok(!existsSync(target))
  assert.deepEqual(filesBelow(directory), before)
  assert.deepEqual(planned, await exportTo(directory, target))
  assert.deepEqual(planned.images, counts(1))
  assert.deepEqual(planned.layers, counts(2))
})
