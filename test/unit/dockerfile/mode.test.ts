import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMode } from '../../../src/dockerfile/mode.ts'
import { run } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { errorOf } from './read.ts'

const changes: readonly (readonly [text: string, before: number, after: number, directory?: number])[] = [
  ['644', 0o777, 0o644],
  ['0', 0o777, 0],
  ['04755', 0, 0o4755],
  ['7777', 0, 0o7777],
  ['000000755', 0, 0o755],
  ['u+x', 0o644, 0o744],
  ['+x', 0o644, 0o755],
  ['a+x', 0o644, 0o755],
  ['go-w', 0o777, 0o755],
  ['=', 0o777, 0],
  ['u=', 0o777, 0o077],
  ['=rw', 0o777, 0o666],
  ['a=rx', 0o700, 0o555],
  ['u=rwX,go=rX', 0o600, 0o644, 0o755],
  ['u=rwX,go=rX', 0o700, 0o755, 0o755],
  ['u+x,g+X', 0o600, 0o700, 0o710],
  ['+X', 0o010, 0o111, 0o111],
  ['a-X', 0o755, 0o644, 0o644],
  ['a-X', 0o644, 0o644, 0o644],
  ['u+s', 0o755, 0o4755],
  ['g+s', 0o755, 0o2755],
  ['o+s', 0o755, 0o755],
  ['+s', 0o755, 0o6755],
  ['u=rwx', 0o4755, 0o755],
  ['a=rx', 0o7755, 0o1555],
  ['+t', 0o755, 0o1755],
  ['a-t', 0o1755, 0o755],
  ['o+t', 0o755, 0o755],
  ['g=u', 0o640, 0o660],
  ['go=u-w', 0o750, 0o755],
  ['u+go', 0o021, 0o321],
  ['u=g', 0o742, 0o442],
  ['a=r,ug=rw,u+x', 0o777, 0o764],
  ['ug+r-w+x', 0o222, 0o552],
]

for (const [text, before, after, directory = after] of changes) {
  test(`${text} makes ${before.toString(8)} ${after.toString(8)}`, () => {
    const change = parseMode(text)
    assert.equal(change(before, false).toString(8), after.toString(8))
    assert.equal(change(before, true).toString(8), directory.toString(8))
  })
}

for (const text of [
  '',
  '8',
  '9',
  '64a',
  '10000',
  '017777',
  '0x1ff',
  '-1',
  ',',
  'u',
  'go',
  'q+r',
  'u+q',
  'u+x,',
  'u+x g+x',
  'x',
]) {
  test(`"${text}" is no mode`, () => assert.equal(errorOf(() => parseMode(text)).code, 'dockerfile-syntax'))
}

test('symbolic modes agree with chmod', async (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'file')
  const folder = join(directory, 'folder')
  writeFileSync(file, '')
  mkdirSync(folder)
  for (const text of [
    'u+rwX,go-w',
    'u=rwX,go=rX',
    'a=r,u+w',
    'g=u',
    'go=u-w',
    'o=g,g=u',
    '+x',
    'ug+r-w+x',
    'u=rw,o+r',
  ]) {
    for (const before of [0o600, 0o640, 0o700, 0o755, 0o777, 0o021]) {
      chmodSync(file, before)
      chmodSync(folder, before)
      await run('sh', ['-c', 'umask 0; exec chmod "$@"', 'sh', text, file, folder])
      const change = parseMode(text)
      const label = `${text} on ${before.toString(8)}`
      assert.equal(change(before, false).toString(8), (statSync(file).mode & 0o7777).toString(8), label)
      assert.equal(change(before, true).toString(8), (statSync(folder).mode & 0o7777).toString(8), label)
    }
  }
})
