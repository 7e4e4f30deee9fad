import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compareTrees, readTree } from '../../support/image-tree.ts'
import { temporaryDirectory } from '../../support/temp.ts'

function makeTree(root: string): void {
  mkdirSync(join(root, 'directory'), { recursive: true })
  writeFileSync(join(root, 'directory/file'), 'content')
  writeFileSync(join(root, 'set-user-id'), 'tool')
  chmodSync(join(root, 'set-user-id'), 0o4711)
  symlinkSync('directory/file', join(root, 'link'))
  linkSync(join(root, 'directory/file'), join(root, 'same'))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/odd \\ \n`), Buffer.from([0xff])]), 'name')
  execFileSync('setfattr', ['-n', 'user.bytes', '-v', '0x000aff', join(root, 'set-user-id')])
  execFileSync('setfattr', ['-n', 'user.odd', '-v', 'x', root])
  execFileSync('mkfifo', [join(root, 'pipe')])
  execFileSync('mknod', [join(root, 'device'), 'c', '1', '3'])
}

test('a tree lists types, modes, owners, digests, links, devices and attributes', async (t) => {
  const root = join(temporaryDirectory(t), 'tree')
  makeTree(root)
  const tree = await readTree(root)
  assert.deepEqual([...tree.keys()].sort(), [
    '',
    'device',
    'directory',
    'directory/file',
    'link',
    'odd \\ \n\u00ff',
    'pipe',
    'same',
    'set-user-id',
  ])
  assert.equal(tree.get('set-user-id')?.mode, '4711')
  assert.deepEqual(tree.get('set-user-id')?.xattrs, { 'user.bytes': '000aff' })
  assert.deepEqual(tree.get('')?.xattrs, { 'user.odd': '78' })
  assert.equal(tree.get('link')?.target, 'directory/file')
  assert.equal(tree.get('device')?.device, '1:3')
  assert.equal(tree.get('pipe')?.type, 'fifo')
  assert.equal(tree.get('same')?.sameAs, tree.get('directory/file')?.sameAs)
})

const changes: readonly { readonly what: string; readonly path: string; change(root: string): void }[] = [
  { what: 'content', path: 'directory/file', change: (root) => writeFileSync(join(root, 'directory/file'), 'CONTENT') },
  { what: 'a mode', path: 'set-user-id', change: (root) => chmodSync(join(root, 'set-user-id'), 0o711) },
  { what: 'an owner', path: 'directory', change: (root) => chownSync(join(root, 'directory'), 1, 2) },
  { what: 'a new file', path: 'new', change: (root) => writeFileSync(join(root, 'new'), '') },
  {
    what: 'a removed attribute',
    path: 'set-user-id',
    change: (root) => execFileSync('setfattr', ['-x', 'user.bytes', join(root, 'set-user-id')]),
  },
  {
    what: 'a broken hard link',
    path: 'same',
    change: (root) => execFileSync('sh', ['-c', 'cp same copy && mv copy same'], { cwd: root }),
  },
]

for (const { what, path, change } of changes) {
  test(`two trees differ by ${what}`, async (t) => {
    const [one, other] = [join(temporaryDirectory(t), 'one'), join(temporaryDirectory(t), 'other')]
    makeTree(one)
    makeTree(other)
    assert.deepEqual(compareTrees(await readTree(one), await readTree(other)), [])
    change(other)
    const lines = compareTrees(await readTree(one), await readTree(other))
    assert.ok(
      lines.some((line) => line.startsWith(`/${path}: `)),
      lines.join('\n'),
    )
  })
}

test('times are compared when asked for', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'file'), '')
  const one = await readTree(directory)
  utimesSync(join(directory, 'file'), 1, 1)
  const other = await readTree(directory)
  assert.deepEqual(compareTrees(one, other), [])
  assert.equal(compareTrees(one, other, { times: true }).length, 1)
})
