import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type Entry, entryBytes, entryPath, maxEntrySize, parseEntry, readEntry } from '../../../cache/entry-file.ts'
import { canonicalJson, type KeyValue, storedRecord } from '../../../cache/key.ts'
import { type DiffID, digestOf } from '../../../src/oci/digest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { temporaryDirectory } from '../content/support.ts'
import { sampleEntry, sampleKey, sampleRecord } from './samples.ts'

const { key, madeOn, created, text } = sampleEntry('a')
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf('layer'), size: 5 }
const diffID = digestOf('tar') as string as DiffID
const entry: Entry = { key, record: storedRecord(sampleRecord('a')), text, layer, diffID, madeOn, created }

function written(t: TestContext): { readonly directory: string; readonly path: string } {
  const directory = temporaryDirectory(t)
  const path = entryPath(directory, key)
  mkdirSync(dirname(path))
  writeFileSync(path, entryBytes(entry))
  return { directory, path }
}

test('an entry is read back as it was written', async (t) => {
  assert.deepEqual(await readEntry(written(t).directory, key), entry)
})

test('an entry may name a second key of its layer, and nothing else in the place of one', () => {
  const named = { ...entry, content: sampleKey('b') }
  assert.deepEqual(parseEntry(entryBytes(named), key), named)
  const odd = { ...entry, content: '../b' as typeof key }
  assert.throws(() => parseEntry(entryBytes(odd), key), /damaged/)
})

test('an entry that is not there is undefined, also where there is no directory', async (t) => {
  assert.equal(await readEntry(written(t).directory, sampleKey('b')), undefined)
  assert.equal(await readEntry(join(temporaryDirectory(t), 'absent'), key), undefined)
})

test('changing any one byte of an entry is noticed', () => {
  const bytes = entryBytes(entry)
  fc.assert(
    fc.property(fc.nat(bytes.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ change
      assert.throws(() => parseEntry(changed, key))
    }),
    { numRuns: 1000 },
  )
})

test('cutting an entry off anywhere or adding to it is noticed', () => {
  const bytes = entryBytes(entry)
  for (let size = 0; size < bytes.byteLength; size++) assert.throws(() => parseEntry(bytes.subarray(0, size), key))
  assert.throws(() => parseEntry(Buffer.concat([bytes, Buffer.from(' ')]), key))
  assert.throws(() => parseEntry(Buffer.concat([bytes, bytes]), key))
})

test('a sound entry under the name of another key is refused', () => {
  assert.throws(() => parseEntry(entryBytes(entry), sampleKey('b')))
  const forged = { ...entry, key: sampleKey('b') }
  assert.throws(() => parseEntry(entryBytes(forged), sampleKey('b')), /damaged/)
})

test('an entry with a sound checksum but senseless content is refused', () => {
  const bad: Partial<Record<keyof Entry, unknown>>[] = [
    { layer: { ...layer, digest: '../../etc/passwd' } },
    { layer: { ...layer, size: -1 } },
    { layer: { ...layer, mediaType: mediaTypes.ociConfig } },
    { diffID: 'sha256:short' },
    { text: 7 },
    { record: 'a record' },
  ]
  for (const change of bad)
    assert.throws(() => parseEntry(entryBytes({ ...entry, ...change } as Entry), key), JSON.stringify(change))
})

for (const [what, plant] of [
  ['a symlink to a good entry', (path: string) => symlinkTo(path)],
  ['a FIFO', (path: string) => replacing(path, () => execFileSync('mkfifo', [path]))],
  ['a directory', (path: string) => replacing(path, () => mkdirSync(path))],
  ['larger than any entry', (path: string) => writeFileSync(path, Buffer.alloc(maxEntrySize + 1, 0x20))],
] as const) {
  test(`an entry that is ${what} is refused without hanging`, async (t) => {
    const { directory, path } = written(t)
    plant(path)
    await assert.rejects(readEntry(directory, key))
  })
}

function symlinkTo(path: string): void {
  writeFileSync(`${path}.real`, entryBytes(entry))
  replacing(path, () => symlinkSync(`${path}.real`, path))
}

function replacing(path: string, make: () => unknown): void {
  rmSync(path)
  make()
}

const about = { dockerfile: 'Dockerfile', stage: 'build', position: 0, line: 2, args: ['A'], names: { k1: 'stage x' } }

test('what an entry says of its step is read back, and one that says nothing is an entry, too', () => {
  assert.deepEqual(parseEntry(entryBytes({ ...entry, about }), key), { ...entry, about })
  assert.equal(parseEntry(entryBytes(entry), key).about, undefined)
})

test('fields that a later version adds are read over, as long as the checksum holds for them', () => {
  const { checksum: _checksum, ...content } = JSON.parse(Buffer.from(entryBytes(entry)).toString())
  const more = { ...content, later: { a: 1 }, about: 'of another shape' }
  const signed = (document: object): Uint8Array => Buffer.from(canonicalJson(document as KeyValue))
  const checksum = digestOf(canonicalJson(more))
  assert.deepEqual(parseEntry(signed({ ...more, checksum }), key), entry)
  assert.throws(() => parseEntry(signed({ ...more, later: { a: 2 }, checksum }), key), /damaged/)
  const another = { ...content, version: 2 }
  assert.throws(() => parseEntry(signed({ ...another, checksum: digestOf(canonicalJson(another)) }), key), /damaged/)
})
