import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { CarryReport } from '../../../cache/carry-report.ts'
import { everything } from '../../../cache/carry-selection.ts'
import { exportArchive } from '../../../cache/export-archive.ts'
import { withUnpackedLayout } from '../../../cache/unpacked-archive.ts'
import type { Log } from '../../../src/log.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { type Bytes, bytesOf, collect } from '../../../src/stream/bytes.ts'
import { damagedBlobs, filesBelow, flipBit, temporaryDirectory } from '../content/support.ts'
import { addImage, addLayers, counts, exportTo, importFrom, openLayers } from './carrying.ts'
import { keptLog, openStore, sampleKey } from './samples.ts'

const megabyte = 1 << 20

async function archiveOf(directory: string, log: Log = keptLog().log): Promise<{ report: CarryReport; bytes: Buffer }> {
  const archive = await exportArchive({
    directory,
    store: openStore(directory),
    selection: everything,
    dryRun: false,
    log,
  })
  return { report: archive.report, bytes: await collect(archive.open(), megabyte) }
}

function importArchive(archive: Bytes, directory: string): Promise<CarryReport> {
  return withUnpackedLayout(archive, { directory }, (layout) => importFrom(layout, directory, { own: true }))
}

function places(t: TestContext): { readonly source: string; readonly directory: string; readonly tar: string } {
  const place = temporaryDirectory(t)
  return { source: join(place, 'source'), directory: join(place, 'cache'), tar: join(place, 'cache.tar') }
}

test('an archive is one that skopeo reads, and that other cache takes', async (t) => {
  const { source, directory, tar } = places(t)
  const [layer] = await addLayers(source, 'a', 'b')
  await addImage(t, source, { text: 'registry.example/base:1' })
  const { report, bytes } = await archiveOf(source)
  assert.deepEqual([report.layers, report.images], [counts(2), counts(1)])
  writeFileSync(tar, bytes)
  const seen = execFileSync('skopeo', ['inspect', `oci-archive:${tar}:${sampleKey('a')}`], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(seen).Layers, [layer?.descriptor.digest])
  const imported = await importArchive(createReadStream(tar), directory)
  assert.deepEqual([imported.layers, imported.images], [counts(2), counts(1)])
  assert.ok(await openLayers(directory).lookup(sampleKey('b')))
  assert.deepEqual([damagedBlobs(directory), readdirSync(join(directory, 'tmp'))], [[], []])
  const again = await importArchive(createReadStream(tar), directory)
  assert.deepEqual([again.layers, again.bytes], [counts(0, { kept: 2 }), 0])
})

test('a tar that GNU tar made of a layout is imported, in whatever order and compressed', async (t) => {
  const { source, directory, tar } = places(t)
  await addLayers(source, 'a')
  await exportTo(source, `${source}-layout`)
  execFileSync('tar', ['-C', `${source}-layout`, '-cf', tar, './blobs', './oci-layout', './index.json'])
  assert.deepEqual((await importArchive(createReadStream(tar), directory)).layers, counts(1))
  execFileSync('tar', ['-C', `${source}-layout`, '-czf', tar, '.'])
  assert.deepEqual((await importArchive(createReadStream(tar), `${directory}-2`)).layers, counts(1))
})

test('a damaged layer is left out of an archive with a warning', async (t) => {
  const { source, directory } = places(t)
  const [layer] = await addLayers(source, 'bad', 'good')
  flipBit(openStore(source).pathOf(layer?.descriptor.digest ?? digestOf('')))
  const kept = keptLog()
  const { report, bytes } = await archiveOf(source, kept.log)
  assert.deepEqual([report.layers, kept.warnings().length], [counts(1, { damaged: 1 }), 1])
  assert.deepEqual((await importArchive(bytesOf(bytes), directory)).layers, counts(1))
})

test('an archive that breaks off is one clear error, and the cache is as it was', async (t) => {
  const { source, directory } = places(t)
  await addLayers(source, 'a')
  await addLayers(directory, 'b')
  const before = filesBelow(directory)
  const { bytes } = await archiveOf(source)
  const broken = [
    bytes.subarray(0, bytes.length / 2 + 100),
    gzipSync(bytes).subarray(0, 2000),
    Buffer.from('no archive at all'),
  ]
  for (const part of broken) {
    await assert.rejects(importArchive(bytesOf(part), directory), {
      code: 'manifest-invalid',
      message: /not the tar of an OCI/,
    })
    assert.deepEqual(filesBelow(directory), before)
  }
})

test('members of an archive that belong to no layout are written nowhere', async (t) => {
  const { source, directory, tar } = places(t)
  const place = join(source, 'hostile')
  mkdirSync(join(place, 'blobs/sha256'), { recursive: true })
  for (const name of ['oci-layout', 'index.json']) writeFileSync(join(place, name), '{}')
  const names = ['entries.json', 'blobs/sha256/short', `blobs/sha256/${'A'.repeat(64)}`, 'blobs/sha256/..x']
  for (const name of names) writeFileSync(join(place, name), 'x')
  execFileSync('ln', ['-s', '/etc', join(place, `blobs/sha256/${'a'.repeat(64)}`)])
  writeFileSync(join(place, `blobs/sha256/${'b'.repeat(64)}`), 'not what it says')
  execFileSync('tar', ['-C', place, '-cf', tar, '.'])
  const seen: string[] = []
  await withUnpackedLayout(
    createReadStream(tar),
    { directory },
    async (layout) => void seen.push(...filesBelow(layout)),
  )
  assert.deepEqual(seen, [`blobs/sha256/${'b'.repeat(64)}`, 'index.json', 'oci-layout'])
  execFileSync('tar', ['-C', place, '-cPf', tar, '--transform', 's,^,../../,', 'index.json'])
  await assert.rejects(importArchive(createReadStream(tar), directory), {
    message: /not the tar of an OCI/,
    why: /leads out of the root/,
  })
  assert.deepEqual(filesBelow(directory), [])
})

test('what killed imports left is removed after a day', async (t) => {
  const { source, directory } = places(t)
  await addLayers(source, 'a')
  const [old, recent] = ['1', '2'].map((digit) => join(directory, 'tmp', `.${digit.repeat(24)}.tmp`))
  for (const path of [old, recent]) mkdirSync(join(path ?? '', 'blobs'), { recursive: true })
  utimesSync(old ?? '', 0, Date.now() / 1000 - 25 * 3600)
  await importArchive(bytesOf((await archiveOf(source)).bytes), directory)
  assert.deepEqual(readdirSync(join(directory, 'tmp')), [`.${'2'.repeat(24)}.tmp`])
})
