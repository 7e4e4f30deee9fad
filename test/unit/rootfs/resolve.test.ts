import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { resolveInRoot } from '../../../src/rootfs/resolve.ts'
import { type RawPath, rawPath } from '../../../src/tar/raw-path.ts'
import { temporaryDirectory } from '../../support/temp.ts'

function newRoot(t: TestContext, links: Readonly<Record<string, string>> = {}): string {
  const root = join(temporaryDirectory(t), 'root')
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  writeFileSync(join(root, 'usr/file'), '')
  for (const [name, target] of Object.entries(links)) symlinkSync(Buffer.from(target, 'latin1'), join(root, name))
  return root
}

const cases: readonly {
  readonly path: string
  readonly links?: Readonly<Record<string, string>>
  readonly is: string
  readonly unfollowed?: string
}[] = [
  { path: 'usr/bin/sh', is: 'usr/bin/sh' },
  { path: '', is: '' },
  { path: 'none/at/all', is: 'none/at/all' },
  { path: 'usr/file/below', is: 'usr/file/below' },
  { path: 'bin', links: { bin: 'usr/bin' }, is: 'usr/bin', unfollowed: 'bin' },
  { path: 'bin/sh', links: { bin: '/usr/bin' }, is: 'usr/bin/sh' },
  { path: 'l/x', links: { l: '../../../usr' }, is: 'usr/x' },
  { path: 'l', links: { l: '/../../etc' }, is: 'etc', unfollowed: 'l' },
  { path: 'a/x', links: { a: 'b', b: '/c', c: 'usr/./bin/../bin' }, is: 'usr/bin/x' },
  { path: 'usr/bin/../../../x', is: 'x' },
  { path: 'usr/l/x', links: { 'usr/l': '..' }, is: 'x' },
  { path: 'l', links: { l: 'nowhere/at/all' }, is: 'nowhere/at/all', unfollowed: 'l' },
  { path: 'l/x', links: { l: '\xff' }, is: '\xff/x' },
  { path: 'l/.', links: { l: 'usr' }, is: 'usr' },
]

for (const { path, links = {}, is, unfollowed = is } of cases) {
  test(`${JSON.stringify(path)} with ${JSON.stringify(links)} is ${JSON.stringify(is)}`, (t) => {
    const root = newRoot(t, links)
    assert.equal(resolveInRoot(root, path as RawPath, { followLast: true }), is)
    assert.equal(resolveInRoot(root, path as RawPath, { followLast: false }), unfollowed)
  })
}

test('a loop of symlinks is an error that names the path', (t) => {
  const root = newRoot(t, { a: 'b', b: 'a' })
  for (const [path, followLast] of [
    ['a', true],
    ['a/x', false],
  ] as const) {
    assert.throws(
      () => resolveInRoot(root, rawPath(path), { followLast }),
      (error) => {
        assert.ok(error instanceof HearthError)
        assert.match(error.message, /^\/a/)
        return true
      },
    )
  }
  assert.equal(resolveInRoot(root, rawPath('a'), { followLast: false }), 'a')
})

test('255 symlinks are followed, one more is not', (t) => {
  const links = Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`l${i}`, i === 0 ? 'usr' : `l${i - 1}`]))
  const root = newRoot(t, links)
  assert.equal(resolveInRoot(root, rawPath('l254'), { followLast: true }), 'usr')
  assert.throws(() => resolveInRoot(root, rawPath('l255'), { followLast: true }), HearthError)
})
