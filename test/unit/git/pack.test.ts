import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ProtocolError } from '../../../src/git/failure.ts'
import { readTree } from '../../../src/git/objects.ts'
import { Pack } from '../../../src/git/pack.ts'
import { applyDelta } from '../../../src/git/pack-entry.ts'
import { packIndex } from '../../../src/git/pack-index.ts'
import { git, makeRepository } from '../../support/git-repository.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const owner = { after }
const directory = temporaryDirectory(owner)
const { directory: work } = makeRepository(directory, 'one')

/** Has git pack every object, with differences to earlier objects by offset or by name. */
function packed(...options: readonly string[]): string {
  const to = temporaryDirectory(owner)
  const objects = git(work, 'rev-list', '--objects', '--all', '--no-object-names')
  const args = ['pack-objects', '-q', '--window=50', '--depth=50', ...options, join(to, 'pack')]
  execFileSync('git', args, { cwd: work, input: `${objects}\n` })
  const name = readdirSync(to).find((file) => file.endsWith('.pack'))
  assert.ok(name !== undefined)
  return join(to, name)
}

for (const [title, option] of [
  ['offset', '--delta-base-offset'],
  ['name', '--no-delta-base-offset'],
] as const) {
  test(`a pack with differences to bases by ${title} is read, and its index is git’s own`, async () => {
    const path = packed(option)
    using pack = await Pack.open(path)
    assert.ok([...pack.entries.values()].some(({ type }) => type === undefined))
    for (const [name] of pack.entries) {
      const found = pack.find(name)
      const expected = execFileSync('git', ['cat-file', found?.type ?? '', name], { cwd: work })
      assert.deepEqual(found?.data, expected)
    }
    assert.deepEqual(packIndex(pack).index, readFileSync(path.replace(/pack$/, 'idx')))
  })
}

test('bytes that cannot be compressed and empty files are read', async () => {
  const bytes = randomBytes(3 << 20)
  mkdirSync(join(work, 'big'), { recursive: true })
  writeFileSync(join(work, 'big/bytes'), bytes)
  writeFileSync(join(work, 'big/empty'), '')
  const names = git(work, 'hash-object', '-w', 'big/bytes', 'big/empty').split('\n')
  const to = temporaryDirectory(owner)
  execFileSync('git', ['pack-objects', '-q', join(to, 'pack')], { cwd: work, input: `${names.join('\n')}\n` })
  const file = readdirSync(to).find((name) => name.endsWith('.pack'))
  using pack = await Pack.open(join(to, file ?? ''))
  assert.deepEqual(pack.object(names[0] ?? '', 'blob'), bytes)
  assert.equal(pack.object(names[1] ?? '', 'blob').length, 0)
})

test('whatever byte of a pack is another one, nothing wrong is taken for right', async () => {
  const path = packed('--delta-base-offset')
  const good = readFileSync(path)
  using whole = await Pack.open(path)
  const names = new Set(whole.entries.keys())
  const broken = join(temporaryDirectory(owner), 'broken')
  let refused = 0
  for (let at = 0; at < good.length - 20; at += 37) {
    const bad = Buffer.from(good)
    bad[at] = (bad[at] ?? 0) ^ 0x55
    writeFileSync(broken, bad)
    try {
      using pack = await Pack.open(broken)
      // An object that changed has another name.
      assert.notDeepEqual(new Set(pack.entries.keys()), names, `byte ${at}`)
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error))
      refused += 1
    }
  }
  assert.ok(refused > 0)
})

test('a pack that is cut off is refused', async () => {
  const good = readFileSync(packed('--delta-base-offset'))
  const broken = join(temporaryDirectory(owner), 'broken')
  for (const length of [0, 5, 12, 100, good.length - 21]) {
    writeFileSync(broken, good.subarray(0, length))
    await assert.rejects(Pack.open(broken), ProtocolError)
  }
})

test('a difference that reaches beyond its base or its result is refused', () => {
  const base = Buffer.from('abcdef')
  assert.equal(applyDelta(base, Buffer.from([6, 4, 0x91, 1, 3, 1, 0x78])).toString(), 'bcdx')
  for (const delta of [
    [5, 3, 0x90, 3],
    [6, 3, 0x91, 5, 3],
    [6, 2, 0x90, 3],
    [6, 4, 0x90, 3],
    [6, 1, 0],
    [6, 2, 2, 0x78],
    [6],
  ]) {
    assert.throws(() => applyDelta(base, Buffer.from(delta)), ProtocolError, delta.join(' '))
  }
})

test('no file of a repository has a name that leads elsewhere, or into git’s own directory', () => {
  const entry = (mode: string, name: string): Buffer => {
    return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.alloc(20)])
  }
  for (const name of ['..', '.', '', '.git', '.GIT', 'a/b']) {
    assert.throws(() => readTree(entry('100644', name)), ProtocolError, name)
  }
  assert.throws(() => readTree(entry('020000', 'device')), ProtocolError)
  assert.throws(() => readTree(entry('100644', 'a').subarray(0, 12)), ProtocolError)
  assert.equal(readTree(entry('100644', '.gitignore'))[0]?.kind, 'file')
})
