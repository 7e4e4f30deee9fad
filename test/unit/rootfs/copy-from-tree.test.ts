import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TarCopy } from '../../../src/image/tar-copy.ts'
import { applyLayer } from '../../../src/rootfs/apply.ts'
import { applyLayerToTree } from '../../../src/rootfs/apply-to-tree.ts'
import { copyInto } from '../../../src/rootfs/copy-tree.ts'
import { FileTree } from '../../../src/rootfs/file-tree.ts'
import { recordOf } from '../../../src/rootfs/record.ts'
import type { Root } from '../../../src/rootfs/root.ts'
import { sourceAt } from '../../../src/rootfs/selected-source.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { writeTar } from '../../../src/tar/write.ts'
import { readTree } from '../../support/image-tree.ts'
import { silentLog } from '../../support/silent-log.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { directory, file, richBase } from '../build/routes/bases.ts'

/** Without directories that have no entry: these are as old as the unpacking. */
const layers = [
  ...richBase,
  [directory('big'), file('big/large', 'large'.repeat(1 << 20), { mode: 0o4711, owner: [5, 6] })],
  ['', 'links', 'links/deep', 'run', 'devices', 'with space', 'implicit', 'implicit/dir', 'gone'].map((path) =>
    directory(path),
  ),
  ['usr/lib', 'usr/bin', 'emptied', 'etc', 'usr'].map((path) => directory(path)),
]

async function copyOf(from: Root, to: string): Promise<Awaited<ReturnType<typeof readTree>>> {
  mkdirSync(to)
  const record = recordOf(from, rawPath(''))
  assert.ok(record)
  const options = { sources: [sourceAt(from, record)], destination: '/', workdir: '/', keepOwner: true, log: silentLog }
  await copyInto({ ...options, root: to })
  return readTree(to)
}

test('what is copied out of a tree is what is copied out of the unpacked layers', async (t) => {
  const top = temporaryDirectory(t)
  const tree = FileTree.empty()
  const root = mkdtempSync(join(top, 'root-'))
  for (const items of layers) {
    const copy = new TarCopy({ directory: top, open: () => writeTar(items) })
    await applyLayerToTree(tree, copy.passing(), { source: tree.addSource(copy), log: silentLog })
    await applyLayer(root, writeTar(items), { log: silentLog })
  }
  const unpacked = await copyOf(root, join(top, 'of-root'))
  assert.deepEqual(await copyOf(tree, join(top, 'of-tree')), unpacked)
  assert.equal(unpacked.get('links/deep/c')?.sameAs, unpacked.get('links/b')?.sameAs)
})

test('a content that was only passed over is copied when it is wanted', async (t) => {
  const top = temporaryDirectory(t)
  const tree = FileTree.empty()
  const copy = new TarCopy({ directory: top, open: () => writeTar([file('a', 'first'), file('b', 'second')]) })
  await applyLayerToTree(tree, writeTar([file('a', 'first'), file('b', 'second')]), {
    source: tree.addSource(copy),
    log: silentLog,
  })
  for (const [name, text] of [
    ['b', 'second'],
    ['a', 'first'],
  ] as const) {
    const chunks: Uint8Array[] = []
    for await (const chunk of tree.nodes.content(tree.find(rawPath(name)) ?? -1)) chunks.push(chunk)
    assert.equal(Buffer.concat(chunks).toString(), text)
  }
})

test('a fork and the tree it came from do not see each other change', async () => {
  const tree = FileTree.empty()
  const put = (to: FileTree, path: string): void => to.put(rawPath(path), { type: 'file', size: 0, content: () => [] })
  tree.put(rawPath('dir'), { type: 'directory' })
  put(tree, 'dir/a')
  tree.link(rawPath('dir/a'), rawPath('b'))
  const fork = tree.fork()
  fork.remove(rawPath('dir/a'))
  put(fork, 'dir/new')
  put(tree, 'dir/other')
  fork.setTime(rawPath('b'), 7n)
  assert.deepEqual([...tree.names(rawPath('dir'))], ['a', 'other'])
  assert.deepEqual([...fork.names(rawPath('dir'))], ['new'])
  assert.deepEqual([tree.record(rawPath('b'))?.nlink, fork.record(rawPath('b'))?.nlink], [2, 1])
  assert.notEqual(tree.record(rawPath('b'))?.mtimeNs, 7n)
})
