import assert from 'node:assert/strict'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { hasReliableLocks, isNetworkType } from '../../../cache/filesystem.ts'
import { inTransaction, openIndexDatabase } from '../../../cache/index-database.ts'
import { LayerIndex } from '../../../cache/layer-index.ts'
import { localLayerCache } from '../../../cache/local.ts'
import { temporaryDirectory } from '../content/support.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleTime } from './samples.ts'

const names = ['a', 'b', 'c']

/** Stores layers and looks one up, as a build does; gives the warnings. */
async function build(directory: string): Promise<readonly string[]> {
  const { log, warnings } = keptLog()
  const store = openStore(directory)
  const cache = localLayerCache({ directory, store, ttlMs: hour, readOnly: false, log, now: () => sampleTime })
  for (const name of names) {
    const hit = await cache.lookup(sampleKey(name))
    if (hit === undefined) await cache.store(sampleEntry(name), await sampleLayer(store, name))
  }
  await cache.close()
  return warnings()
}

async function builtOnce(t: TestContext): Promise<{ readonly directory: string; readonly path: string }> {
  const directory = temporaryDirectory(t)
  assert.deepEqual(await build(directory), [])
  return { directory, path: join(directory, 'index', 'v2-g1.db') }
}

function rowsOf(directory: string): readonly string[] {
  const index = LayerIndex.open(directory, keptLog().log)
  try {
    return (index?.layers() ?? []).map(({ text, hits }) => `${text} ${hits}`).sort()
  } finally {
    index?.close()
  }
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.byteLength, at)
  closeSync(file)
}

function withDatabase(path: string, change: (db: Database.Database) => void): void {
  const db = new Database(path)
  change(db)
  db.close()
}

const variants: readonly [string, (path: string) => void][] = [
  ['full of junk', (path) => writeFileSync(path, Buffer.alloc(20_000, 'junk'))],
  ['cut off in the middle', (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ['shorter than its header', (path) => truncateSync(path, 50)],
  ['with a flipped header', (path) => overwrite(path, 0, Buffer.from('Not SQLite'))],
  ['with an overwritten schema page', (path) => overwrite(path, 100, Buffer.alloc(400, 0xff))],
  ['with an overwritten table page', (path) => overwrite(path, 4096, Buffer.alloc(4096, 0xaa))],
  ['of a newer schema', (path) => withDatabase(path, (db) => db.pragma('user_version = 99'))],
  ['of another program', (path) => replaceByForeign(path)],
  ['with a table gone', (path) => withDatabase(path, (db) => db.exec('DROP TABLE images'))],
]

for (const [what, spoil] of variants) {
  test(`an index ${what} is rebuilt from the records under a new name, with one warning`, async (t) => {
    const { directory, path } = await builtOnce(t)
    spoil(path)
    const spoiled = readFileSync(path)
    const warnings = await build(directory)
    assert.equal(warnings.length, 1, warnings.join('\n'))
    assert.match(warnings[0] ?? '', /v2-g1\.db is damaged .*rebuilt from the records/)
    assert.deepEqual(readdirSync(join(directory, 'index')), ['v2-g1.db', 'v2-g2.db'])
    assert.deepEqual(readFileSync(path), spoiled)
    assert.deepEqual(rowsOf(directory), ['COPY a / 1', 'COPY b / 1', 'COPY c / 1'])
    assert.deepEqual(await build(directory), [])
  })
}

test('an index that was emptied is filled again where it is', async (t) => {
  const { directory, path } = await builtOnce(t)
  truncateSync(path, 0)
  assert.deepEqual(await build(directory), [])
  assert.deepEqual(readdirSync(join(directory, 'index')), ['v2-g1.db'])
  assert.deepEqual(rowsOf(directory), ['COPY a / 1', 'COPY b / 1', 'COPY c / 1'])
})

test('an index of a later version of hearth is left alone', async (t) => {
  const { directory } = await builtOnce(t)
  const later = join(directory, 'index', 'v3-g7.db')
  writeFileSync(later, 'from the future')
  assert.deepEqual(await build(directory), [])
  assert.equal(readFileSync(later, 'utf8'), 'from the future')
})

test('where index/ cannot be a directory, builds go on without an index', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'index'), '')
  assert.deepEqual(await build(directory), [])
  assert.deepEqual(await build(directory), [])
})

test('the index never uses a write-ahead log', async (t) => {
  const { directory } = await builtOnce(t)
  const db = openIndexDatabase(directory, keptLog().log)
  assert.equal(db?.pragma('journal_mode', { simple: true }), 'delete')
  assert.equal(db?.pragma('synchronous', { simple: true }), 2)
  db?.close()
})

test('a transaction waits for one of another connection, without failing', async (t) => {
  const { directory } = await builtOnce(t)
  const { log } = keptLog()
  const [one, other] = [openIndexDatabase(directory, log)!, openIndexDatabase(directory, log)!]
  one.exec('BEGIN IMMEDIATE')
  setTimeout(() => one.exec('COMMIT'), 700)
  let ran = false
  await inTransaction(other, () => {
    ran = true
  })
  assert.ok(ran)
  one.close()
  other.close()
})

test('SQLite is trusted on the disks of this machine, and not on network filesystems', (t) => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'x'))
  assert.equal(hasReliableLocks(directory), true)
  const network = { NFS: 0x6969, CIFS: 0xff534d42, SMB2: 0xfe534d42, Ceph: 0xc36400, FUSE: 0x65735546, '9p': 0x1021997 }
  for (const [name, type] of Object.entries(network)) assert.ok(isNetworkType(type) && isNetworkType(type | 0), name)
  const local = { ext4: 0xef53, xfs: 0x58465342, btrfs: 0x9123683e, tmpfs: 0x1021994, overlay: 0x794c7630 }
  for (const [name, type] of Object.entries(local)) assert.equal(isNetworkType(type), false, name)
})

function replaceByForeign(path: string): void {
  writeFileSync(path, '')
  withDatabase(path, (db) => db.exec('CREATE TABLE layers (x)'))
}
