import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { FileTables } from '../../../cache/file-tables.ts'
import { Trouble } from '../../../cache/trouble.ts'
import { UnpackedTrees } from '../../../cache/unpacked-trees.ts'
import { verifyUnpacked } from '../../../cache/verify-unpacked.ts'
import { type DiffID, digestOf } from '../../../src/oci/digest.ts'
import { FileTree } from '../../../src/rootfs/file-tree.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { flipBit } from '../content/support.ts'
import { keptLog } from './samples.ts'

const directory = temporaryDirectory({ after })
const layers = ['a', 'b'].map((text) => digestOf(text) as string as DiffID)

/** A cache directory with a table and a tree of one base; gives what is in its place, too. */
async function filledCache(): Promise<{ cache: string; place: string; table: string; tree: string }> {
  const cache = mkdtempSync(join(directory, 'cache-'))
  const { log } = keptLog()
  const tables = new FileTables({ directory: cache, readOnly: false, log, writing: new Trouble(log, 'Writing') })
  tables.keep(FileTree.empty(), layers, () => undefined)
  await tables.settled()
  const trees = new UnpackedTrees({ directory: cache, readOnly: false, devices: true, log })
  const files = await trees.hold(layers, {
    isUsable: () => true,
    unpack: async (root) => writeFileSync(join(root, 'file'), 'text'),
  })
  await trees.close()
  assert.ok(files)
  const place = join(files, '../..')
  return { cache, place, table: join(place, 'files'), tree: join(files, '..') }
}

test('what is whole is not complained of, nor what is not there or not finished', async () => {
  const { cache, place } = await filledCache()
  mkdirSync(join(place, 'tree-0123456789abcdef/files'), { recursive: true })
  mkdirSync(join(cache, 'unpacked/something else'))
  assert.deepEqual(await verifyUnpacked(cache), [])
  assert.deepEqual(await verifyUnpacked(join(cache, 'nowhere')), [])
})

test('damaged tables and changed trees are told by their paths', async () => {
  const { cache, table, tree } = await filledCache()
  flipBit(table)
  chmodSync(join(tree, 'files/file'), 0o600)
  assert.deepEqual(
    (await verifyUnpacked(cache)).map(({ path }) => path),
    [table, tree],
  )
})

test('what lies in the place of another base is told', async () => {
  const { cache, place, table, tree } = await filledCache()
  const other = join(cache, 'unpacked', `sha256-${'0'.repeat(64)}`)
  mkdirSync(other)
  cpSync(table, join(other, 'files'))
  cpSync(tree, join(other, 'tree-0123456789abcdef'), { recursive: true })
  assert.deepEqual(readdirSync(other).length, 2)
  const damaged = await verifyUnpacked(cache)
  assert.deepEqual(
    damaged.map(({ path }) => path),
    [join(other, 'files'), join(other, 'tree-0123456789abcdef')],
  )
  for (const { error } of damaged) assert.match(String(error), /other layers/)
  assert.ok(!damaged.some(({ path }) => path.startsWith(place)))
})
