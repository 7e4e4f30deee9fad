import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { deniedDirectory } from '../../../src/content/denied-directory.ts'
import { makeDirectoryIn, makeFileIn } from '../../../src/content/shared-directory.ts'
import { temporaryDirectory } from './support.ts'

function modeAndOwner(path: string): string {
  const { mode, uid, gid } = statSync(path)
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`
}

for (const [mode, below, file] of [
  [0o700, '700', '600'],
  [0o2775, '2775', '664'],
  [0o1777, '777', '666'],
] as const) {
  test(`what is made in a directory of mode ${mode.toString(8)} is like it, but for a sticky bit`, (t) => {
    const shared = temporaryDirectory(t)
    chownSync(shared, 12, 34)
    chmodSync(shared, mode)
    makeDirectoryIn(shared, 'a', 'b')
    makeFileIn(shared, join(shared, 'a/file'))
    for (const path of ['a', 'a/b']) assert.equal(modeAndOwner(join(shared, path)), `${below} 12:34`)
    assert.equal(modeAndOwner(join(shared, 'a/file')), `${file} 12:34`)
    assert.deepEqual(readdirSync(shared), ['a'])
  })
}

test('what is there is left as it is, and links to directories count as such', (t) => {
  const shared = temporaryDirectory(t)
  mkdirSync(join(shared, 'a'), { mode: 0o711 })
  writeFileSync(join(shared, 'file'), 'text', { mode: 0o604 })
  symlinkSync('a', join(shared, 'link'))
  const before = ['a', 'file'].map((name) => modeAndOwner(join(shared, name)))
  makeDirectoryIn(shared, 'a')
  makeDirectoryIn(shared, 'link', 'b')
  makeFileIn(shared, join(shared, 'file'))
  assert.deepEqual(
    ['a', 'file'].map((name) => modeAndOwner(join(shared, name))),
    before,
  )
  assert.ok(statSync(join(shared, 'a/b')).isDirectory())
})

test('a file or a link to nothing in the way is an error, and nothing is left', (t) => {
  const shared = temporaryDirectory(t)
  writeFileSync(join(shared, 'file'), '')
  symlinkSync('nothing', join(shared, 'link'))
  for (const name of ['file', 'link']) assert.throws(() => makeDirectoryIn(shared, name), /ENOTDIR|EEXIST/)
  assert.deepEqual(readdirSync(shared).sort(), ['file', 'link'])
})

test('only a denied write is explained by its directory', () => {
  const denied = (syscall: string, path: string): Error =>
    Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall, path })
  assert.equal(deniedDirectory(denied('open', '/etc/passwd')), undefined)
  assert.equal(deniedDirectory(new Error('other')), undefined)
})
