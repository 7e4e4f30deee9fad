import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const context = makeContext(scene.directory, {
  Dockerfile: `FROM ${scene.busybox}\nWORKDIR /work\nCOPY source ./source\nCOPY source /elsewhere\n`,
  source: 'source\n',
})
const directory = scene.newDirectory()
const args = ['--cache', '--cache-dir', directory]
const first = await scene.image({ context, args })
const index = join(directory, 'index')
const file = join(index, 'v2-g1.db')
const whole = readFileSync(file)

/** Runs statements on the index in a process of its own; with `dies`, it is killed in the middle of a transaction. */
function inDatabase(statements: string, o: { readonly dies?: boolean } = {}): void {
  const script = `
    const db = require('better-sqlite3')(${JSON.stringify(file)})
    db.exec(${JSON.stringify(statements)})
    if (${o.dies === true}) process.kill(process.pid, 'SIGKILL')
    db.close()`
  if (o.dies !== true) execFileSync(process.execPath, ['-e', script])
  else assert.equal(spawnSync(process.execPath, ['-e', script]).signal, 'SIGKILL')
}

function overwrite(at: number, bytes: Uint8Array): void {
  const changed = Buffer.from(whole)
  changed.set(bytes, at)
  writeFileSync(file, changed)
}

const manyRows = `
  PRAGMA cache_size = 5; PRAGMA cache_spill = 1; BEGIN IMMEDIATE; DELETE FROM layers;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
  INSERT INTO images SELECT 'r' || i, 'p', 'x', i FROM n;`

const kinds: Readonly<Record<string, () => void>> = {
  'is missing': () => rmSync(file),
  'is empty': () => truncateSync(file, 0),
  'is junk': () => writeFileSync(file, Buffer.alloc(20_000, 'junk')),
  'has a flipped bit in its header': () => overwrite(0, Uint8Array.of((whole[0] ?? 0) ^ 1)),
  'is cut short': () => truncateSync(file, whole.length - 5000),
  'has a page of zeros': () => overwrite(4096, new Uint8Array(4096)),
  'lies about a layer': () => inDatabase("UPDATE layers SET layer_digest = 'sha256:0', made_on = 'x', hits = -1"),
  'has a newer schema': () => inDatabase('PRAGMA user_version = 99'),
  'belongs to another program': () => inDatabase('PRAGMA application_id = 7'),
  'lacks a table': () => inDatabase('DROP TABLE layers'),
  'is a directory': () => {
    rmSync(file)
    mkdirSync(join(file, 'inside'), { recursive: true })
  },
  'is a dead link': () => {
    rmSync(file)
    execFileSync('ln', ['-s', '/nowhere/at/all', file])
  },
  'is a pipe': () => {
    rmSync(file)
    execFileSync('mkfifo', [file])
  },
  'was left in the middle of a transaction': () => {
    inDatabase(manyRows, { dies: true })
    assert.ok(existsSync(`${file}-journal`))
  },
  'has a journal of junk': () => writeFileSync(`${file}-journal`, Buffer.alloc(20_000, 'junk')),
}

for (const [kind, spoil] of Object.entries(kinds)) {
  test(`an index that ${kind} changes nothing in what is built`, async () => {
    rmSync(index, { recursive: true, force: true })
    mkdirSync(index)
    writeFileSync(file, whole)
    spoil()
    const again = await scene.image({ context, args })
    assert.equal(again.digest, first.digest)
    assert.deepEqual(cacheSummary(again.result), { local: 3, remote: 0, misses: 0 })
    const warnings = again.result.stderr.split('\n').filter((line) => line.includes('WARN'))
    assert.ok(warnings.length <= 1, again.result.stderr)
  })
}

test('an index directory that is a file changes nothing in what is built', async () => {
  rmSync(index, { recursive: true, force: true })
  writeFileSync(index, '')
  const again = await scene.image({ context, args })
  assert.equal(again.digest, first.digest)
  assert.equal(cacheSummary(again.result).misses, 0)
})
