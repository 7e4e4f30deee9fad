import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sealOf } from '../../../src/rootfs/tree-seal.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const directory = temporaryDirectory({ after })
let count = 0

function newTree(): string {
  count += 1
  const tree = join(directory, String(count))
  mkdirSync(join(tree, 'etc/deep'), { recursive: true })
  writeFileSync(join(tree, 'etc/conf'), 'text')
  writeFileSync(Buffer.concat([Buffer.from(join(tree, 'etc/')), Buffer.from([0xff, 0xfe])]), 'odd name')
  symlinkSync('conf', join(tree, 'etc/link'))
  linkSync(join(tree, 'etc/conf'), join(tree, 'etc/deep/again'))
  return tree
}

test('a tree that is only read keeps its seal, also under another name of its parent', async () => {
  const tree = newTree()
  const before = await sealOf(tree)
  readFileSync(join(tree, 'etc/conf'))
  readdirSync(join(tree, 'etc'))
  utimesSync(directory, new Date(), new Date())
  assert.deepEqual(await sealOf(tree), before)
  assert.equal(before.files, 7)
  assert.ok(before.size > 0)
  assert.deepEqual([before.uids, before.gids], [[process.getuid?.()], [process.getgid?.()]])
})

const changes: Readonly<Record<string, (tree: string) => void>> = {
  'a content of the same size, with its time set back': (tree) => {
    const path = join(tree, 'etc/conf')
    const { atime, mtime } = statSync(path)
    writeFileSync(path, 'TEXT')
    utimesSync(path, atime, mtime)
  },
  'a longer content': (tree) => appendFileSync(join(tree, 'etc/conf'), 'more'),
  'a mode': (tree) => chmodSync(join(tree, 'etc/conf'), 0o600),
  'the mode of the topmost directory': (tree) => chmodSync(tree, 0o700),
  'a time': (tree) => utimesSync(join(tree, 'etc/conf'), 1, 1),
  'the time of a link': (tree) => lutimesSync(join(tree, 'etc/link'), 1, 1),
  'a new file': (tree) => writeFileSync(join(tree, 'etc/deep/new'), ''),
  'a file less': (tree) => rmSync(join(tree, 'etc/deep/again')),
  'a name': (tree) => renameSync(join(tree, 'etc/link'), join(tree, 'etc/lank')),
  'a file that was put in the place of another': (tree) => {
    cpSync(join(tree, 'etc/link'), join(tree, 'etc/new'), { verbatimSymlinks: true, preserveTimestamps: true })
    renameSync(join(tree, 'etc/new'), join(tree, 'etc/link'))
  },
}

for (const [what, change] of Object.entries(changes)) {
  test(`the seal tells of ${what}`, async () => {
    const tree = newTree()
    const { digest } = await sealOf(tree)
    change(tree)
    assert.notEqual((await sealOf(tree)).digest, digest)
  })
}
