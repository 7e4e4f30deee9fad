import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { BlobStore } from '../../../src/content/blob-store.ts'
import { HearthError } from '../../../src/errors.ts'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { bytesOf, collect } from '../../../src/stream/bytes.ts'
import { childProgram, filesBelow, flipBit, inChunks, noise, temporaryDirectory, withPrivateMounts } from './support.ts'

type Identity = Pick<Descriptor, 'digest' | 'size'>

function openStore(t: TestContext): BlobStore {
  return BlobStore.open(join(temporaryDirectory(t), 'store'), { readOnly: false })
}

const integrity = (error: unknown): boolean => error instanceof HearthError && error.code === 'integrity'

test('a blob is stored under its digest, read-only, and reads back', async (t) => {
  const store = openStore(t)
  const bytes = noise('a', 3_000_000)
  const written = await store.write(inChunks(bytes, 100_000))
  assert.deepEqual([written.digest, written.size, written.store], [digestOf(bytes), bytes.byteLength, store])
  assert.equal(store.pathOf(written.digest), join(store.directory, 'blobs', 'sha256', written.digest.slice(7)))
  assert.equal(statSync(store.pathOf(written.digest)).mode & 0o7777, 0o444)
  assert.ok(store.has(written))
  assert.deepEqual(await collect(store.open(written), 4_000_000), bytes)
  assert.deepEqual(filesBelow(store.directory), [`blobs/sha256/${written.digest.slice(7)}`])
})

test('an empty blob can be stored and read', async (t) => {
  const store = openStore(t)
  const written = await store.writeBytes(new Uint8Array())
  assert.equal(written.size, 0)
  assert.equal((await collect(store.open(written), 0)).byteLength, 0)
})

test('a source that is not what was expected leaves nothing behind', async (t) => {
  const store = openStore(t)
  const bytes = noise('a', 1000)
  const right = { digest: digestOf(bytes), size: 1000 }
  const wrong: readonly [string, Uint8Array, Identity][] = [
    ['other bytes', noise('b', 1000), right],
    ['too short', bytes.subarray(1), right],
    ['too long', Buffer.concat([bytes, bytes]), right],
    ['wrong size promised', bytes, { ...right, size: 999 }],
  ]
  for (const [what, source, expected] of wrong) {
    await assert.rejects(store.write(inChunks(source, 100), { expected }), integrity, what)
    assert.deepEqual(filesBelow(store.directory), [], what)
  }
})

test('a sha512 blob is checked and stored under its own algorithm', async (t) => {
  const store = openStore(t)
  const hex = execFileSync('sha512sum', { input: 'hello' }).toString().slice(0, 128)
  const expected = { digest: `sha512:${hex}` as Descriptor['digest'], size: 5 }
  await store.write(bytesOf(Buffer.from('hello')), { expected })
  assert.deepEqual(filesBelow(store.directory), [`blobs/sha512/${hex}`])
  assert.equal((await collect(store.open(expected), 5)).toString(), 'hello')
})

test('a source that fails leaves nothing behind and its error is kept', async (t) => {
  const store = openStore(t)
  const failure = new Error('the line broke')
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield noise('a', 1000)
    throw failure
  }
  await assert.rejects(store.write(broken()), failure)
  assert.deepEqual(filesBelow(store.directory), [])
})

test('an abort stops a write and leaves nothing behind', async (t) => {
  const store = openStore(t)
  const controller = new AbortController()
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let i = 0; ; i++) {
      if (i === 10) controller.abort(new Error('enough'))
      yield noise(i, 1000)
    }
  }
  await assert.rejects(store.write(endless(), { signal: controller.signal }), /enough/)
  assert.deepEqual(filesBelow(store.directory), [])
})

test('a good blob that is there already is kept as it is', async (t) => {
  const store = openStore(t)
  const bytes = noise('a', 1000)
  const written = await store.writeBytes(bytes)
  const before = lstatSync(store.pathOf(written.digest))
  await store.writeBytes(bytes)
  assert.equal(lstatSync(store.pathOf(written.digest)).ino, before.ino)
})

for (const [damage, spoil] of [
  ['truncated', (path: string) => truncateSync(path, 10)],
  ['emptied', (path: string) => truncateSync(path, 0)],
  ['with one flipped bit', (path: string) => flipBit(path)],
  ['replaced by a symlink to a good copy', (path: string) => becomeLink(path)],
  ['replaced by a FIFO', (path: string) => becomeFifo(path)],
] as const) {
  test(`a blob ${damage} is an integrity error when read, and writing it again heals it`, async (t) => {
    const store = openStore(t)
    const bytes = noise('a', 100_000)
    const written = await store.writeBytes(bytes)
    spoil(store.pathOf(written.digest))
    await assert.rejects(collect(store.open(written), 200_000), integrity)
    await store.writeBytes(bytes)
    assert.ok(lstatSync(store.pathOf(written.digest)).isFile())
    assert.deepEqual(await collect(store.open(written), 200_000), bytes)
  })
}

test('writing over a copy whose damage nobody has noticed replaces it', async (t) => {
  const store = openStore(t)
  const bytes = noise('a', 1000)
  const written = await store.writeBytes(bytes)
  flipBit(store.pathOf(written.digest))
  await store.writeBytes(bytes)
  assert.deepEqual(await collect(store.open(written), 2000), bytes)
})

test('a blob of the right size with wrong bytes is not offered again after it was read', async (t) => {
  const store = openStore(t)
  const written = await store.writeBytes(noise('a', 1000))
  flipBit(store.pathOf(written.digest))
  assert.ok(store.has(written))
  await assert.rejects(collect(store.open(written), 2000), integrity)
  assert.equal(store.has(written), false)
})

test('a check finds wrong bytes of the right size, says so and removes them, also where gunzip would stop early', async (t) => {
  const { directory } = openStore(t)
  const good = await BlobStore.open(directory, { readOnly: false }).writeBytes(noise('good', 3_000_000))
  const bad = await BlobStore.open(directory, { readOnly: false }).writeBytes(noise('bad', 3_000_000))
  flipBit(good.store.pathOf(bad.digest))
  const told: string[] = []
  const store = BlobStore.open(directory, { readOnly: false, onDamaged: (path) => told.push(path) })
  assert.deepEqual([store.has(bad), await store.check(bad), store.has(bad)], [true, false, false])
  assert.deepEqual([await store.check(good), await store.check(good)], [true, true])
  assert.deepEqual(told, [store.pathOf(bad.digest)])
  await store.writeBytes(noise('bad', 3_000_000))
  assert.equal(await store.check(bad), true)
})

test('a blob the disk has no room for goes to the next store, whole, and so do all later ones', async (t) => {
  const [directory, elsewhere] = [temporaryDirectory(t), temporaryDirectory(t)]
  const script = 'mount -t tmpfs -o size=1m hearth-test "$1"; exec "$2" "$3" "$1" "$4"'
  const program = childProgram(import.meta.url, 'spill.ts')
  const result = JSON.parse(withPrivateMounts(script, [directory, process.execPath, program, elsewhere]))
  assert.deepEqual(result.right, [true, true, true])
  assert.deepEqual(result.places, [directory, elsewhere, elsewhere])
  assert.deepEqual(result.holders, result.places)
  assert.equal(result.errors.length, 1)
  assert.match(result.errors[0], /No space left/)
  assert.equal(result.files, 1, 'nothing unfinished stays')
  assert.deepEqual(result.damaged, [])
})

test('a source that fails does not make the next store take over', async (t) => {
  const spill = (): never => assert.fail('the disk is well')
  const store = BlobStore.open(temporaryDirectory(t), { readOnly: false, spill })
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield noise('a', 1000)
    throw Object.assign(new Error('the source has no space'), { code: 'ENOSPC' })
  }
  await assert.rejects(store.write(broken()), /the source has no space/)
  assert.deepEqual(filesBelow(store.directory), [])
})

test('a read-only store keeps damaged blobs and refuses writes', async (t) => {
  const writable = openStore(t)
  const written = await writable.writeBytes(noise('a', 1000))
  flipBit(writable.pathOf(written.digest))
  const store = BlobStore.open(writable.directory, { readOnly: true })
  await assert.rejects(collect(store.open(written), 2000), integrity)
  assert.ok(existsSync(store.pathOf(written.digest)))
  await assert.rejects(store.writeBytes(noise('b', 10)), (error) => {
    return error instanceof HearthError && error.code === 'permission' && error.where === store.directory
  })
})

test('a missing store that is opened read-only stays missing and has nothing', async (t) => {
  const directory = join(temporaryDirectory(t), 'absent')
  const store = BlobStore.open(directory, { readOnly: true })
  const blob = { digest: digestOf('x'), size: 1 }
  assert.equal(store.has(blob), false)
  await assert.rejects(collect(store.open(blob), 1), integrity)
  assert.equal(existsSync(directory), false)
})

test('what lies under a digest but is no regular file of that size is not there', async (t) => {
  const store = openStore(t)
  const blob = { digest: digestOf('x'), size: 1 }
  mkdirSync(store.pathOf(blob.digest))
  assert.equal(store.has(blob), false)
  await assert.rejects(collect(store.open(blob), 1), integrity)
})

test('a document larger than allowed is not read', async (t) => {
  const store = openStore(t)
  const written = await store.writeBytes(noise('a', 1001))
  await assert.rejects(store.read(written, 1000), integrity)
  assert.equal((await store.read(written, 1001)).byteLength, 1001)
})

test('a path that is a file is refused with its name', (t) => {
  const path = join(temporaryDirectory(t), 'file')
  writeFileSync(path, '')
  assert.throws(
    () => BlobStore.open(path, { readOnly: false }),
    (error) => error instanceof HearthError && error.where === path,
  )
})

test('unfinished files of killed writers are removed after a day, younger and foreign files stay', (t) => {
  const store = openStore(t)
  const tmp = join(store.directory, 'tmp')
  mkdirSync(tmp)
  const dayAndHour = Date.now() / 1000 - 25 * 3600
  const [old, young, foreign] = [`.${'a'.repeat(24)}.tmp`, `.${'b'.repeat(24)}.tmp`, 'notes.txt']
  for (const name of [old, young, foreign]) writeFileSync(join(tmp, name), '')
  utimesSync(join(tmp, old), dayAndHour, dayAndHour)
  utimesSync(join(tmp, foreign), dayAndHour, dayAndHour)
  BlobStore.open(store.directory, { readOnly: false })
  assert.deepEqual(filesBelow(tmp), [young, foreign].sort())
})

function becomeLink(path: string): void {
  writeFileSync(`${path}.other`, readFileSync(path))
  rmSync(path)
  symlinkSync(`${path}.other`, path)
}

function becomeFifo(path: string): void {
  rmSync(path)
  execFileSync('mkfifo', [path])
}
