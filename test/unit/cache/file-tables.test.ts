import assert from 'node:assert/strict'
import { copyFileSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { FileTables } from '../../../cache/file-tables.ts'
import { Trouble } from '../../../cache/trouble.ts'
import { ImageTrees } from '../../../src/image/image-trees.ts'
import type { Layer, StoredLayer } from '../../../src/image/layer.ts'
import type { FileTree } from '../../../src/rootfs/file-tree.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { makeLayer, newStore } from '../image/samples.ts'
import { keptLog } from './samples.ts'

const directory = temporaryDirectory({ after })
const store = newStore(directory)
const lower = await makeLayer(store, directory, { 'etc/passwd': 'root:x:0:0::/:\n', 'etc/conf': 'old', tool: '#!' })
const upper = await makeLayer(store, directory, { 'etc/conf': 'new', more: 'more' })
const layers = [lower, upper]

interface Opened {
  readonly tables: FileTables
  readonly trees: ImageTrees
  readonly warnings: () => readonly string[]
  /** The layers whose bytes were asked for. */
  readonly read: () => readonly string[]
}

/** What one build has of a cache directory. */
function open(cache: string, { readOnly = false } = {}): Opened {
  const { log, lines, warnings } = keptLog()
  const writing = new Trouble(log, 'Nothing can be written')
  const tables = new FileTables({ directory: cache, readOnly, log, writing })
  const trees = new ImageTrees({ directory: mkdtempSync(join(directory, 'work-')), tables, log })
  const read = (): readonly string[] =>
    lines.flatMap((line) => /reading the names in layer (\S+)/.exec(line)?.[1] ?? [])
  return { tables, trees, warnings, read }
}

async function treeIn(cache: string, options = {}): Promise<Opened & { readonly tree: FileTree }> {
  const opened = open(cache, options)
  const tree = await opened.trees.of(layers, { contents: false, base: 2 })
  await opened.tables.settled()
  return { ...opened, tree }
}

async function textOf(tree: FileTree, path: string): Promise<string> {
  const node = tree.find(rawPath(path))
  assert.ok(node !== undefined, path)
  const chunks: Uint8Array[] = []
  for await (const chunk of tree.nodes.content(node)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function newCache(): string {
  return mkdtempSync(join(directory, 'cache-'))
}

function tablePath(cache: string): string {
  const [path] = globSync('unpacked/*/files', { cwd: cache })
  assert.ok(path)
  return join(cache, path)
}

test('a base that one build has read is known to the next one, which reads no layer', async () => {
  const cache = newCache()
  const first = await treeIn(cache)
  assert.equal(first.read().length, 2)
  const second = await treeIn(cache)
  assert.deepEqual(second.read(), [])
  for (const path of ['', 'etc', 'etc/conf', 'etc/passwd', 'tool', 'more']) {
    const [was, is] = [first, second].map(({ tree }) => tree.record(rawPath(path)))
    assert.deepEqual({ ...is, ino: 0, ctimeNs: 0 }, { ...was, ino: 0, ctimeNs: 0 }, path)
  }
  assert.deepEqual(second.tree.names(rawPath('etc')), first.tree.names(rawPath('etc')))
  assert.deepEqual([...first.warnings(), ...second.warnings()], [])
})

test('contents come from the layers when somebody asks, and those that every build asks for from the table', async () => {
  const cache = newCache()
  await treeIn(cache)
  const { tree } = await treeIn(cache)
  assert.deepEqual(await Promise.all(['etc/conf', 'tool', 'more', 'etc/passwd'].map((path) => textOf(tree, path))), [
    'new',
    '#!',
    'more',
    'root:x:0:0::/:\n',
  ])
  const broken = layers.map((layer): Layer => ({ ...(layer as StoredLayer), store: newStore(directory) }))
  const known = await open(cache).trees.of(broken, { contents: true, base: 2 })
  assert.equal(await textOf(known, 'etc/passwd'), 'root:x:0:0::/:\n')
  await assert.rejects(textOf(known, 'tool'), /damaged or gone/)
})

test('only the layers of an image are remembered, and serve images that begin with them', async () => {
  const cache = newCache()
  const { tables, trees } = open(cache)
  await trees.of(layers, { contents: false, base: 1 })
  await tables.settled()
  assert.equal(readdirSync(join(cache, 'unpacked')).length, 1)
  const other = await treeIn(cache)
  assert.equal(other.read().length, 1)
  assert.equal(readdirSync(join(cache, 'unpacked')).length, 2)
})

test('what nobody says is an image is not remembered', async () => {
  const cache = newCache()
  const { tables, trees } = open(cache)
  await trees.of(layers)
  await tables.settled()
  assert.deepEqual(readdirSync(cache), [])
})

test('a table that is damaged anywhere is not used, said once, and written anew', async () => {
  const cache = newCache()
  await treeIn(cache)
  const path = tablePath(cache)
  const whole = readFileSync(path)
  const step = Math.ceil(whole.byteLength / 40)
  for (let at = 0; at < whole.byteLength; at += step) {
    const changed = Buffer.from(whole)
    changed[at] = 0x55 ^ (changed[at] ?? 0)
    writeFileSync(path, changed)
    const { read, warnings, tree } = await treeIn(cache)
    assert.equal(read().length, 2, `byte ${at}`)
    assert.equal(warnings().length, 1, warnings().join('\n'))
    assert.equal(await textOf(tree, 'etc/conf'), 'new')
    assert.deepEqual((await treeIn(cache)).read(), [])
  }
  for (const length of [0, 3, 4, 50, whole.byteLength - 32, whole.byteLength - 1]) {
    writeFileSync(path, whole.subarray(0, length))
    assert.equal((await treeIn(cache)).read().length, 2, `${length} bytes`)
  }
})

test('a table of other layers is not used, wherever it lies', async () => {
  const cache = newCache()
  const { tables, trees } = open(cache)
  await trees.of([upper], { contents: false, base: 1 })
  await tables.settled()
  const foreign = tablePath(cache)
  await treeIn(cache)
  const own = globSync('unpacked/*/files', { cwd: cache }).find((path) => join(cache, path) !== foreign)
  assert.ok(own)
  copyFileSync(foreign, join(cache, own))
  const { warnings, tree } = await treeIn(cache)
  assert.equal(warnings().length, 1)
  assert.ok(tree.find(rawPath('tool')))
})

test('in a directory that may not be written, tables are read and nothing is changed', async () => {
  const cache = newCache()
  assert.equal((await treeIn(cache, { readOnly: true })).read().length, 2)
  assert.deepEqual(readdirSync(cache), [])
  await treeIn(cache)
  rmSync(join(dirname(tablePath(cache)), 'used'))
  const { read, warnings } = await treeIn(cache, { readOnly: true })
  assert.deepEqual([read(), warnings()], [[], []])
  assert.deepEqual(readdirSync(dirname(tablePath(cache))), ['files'])
})

test('several builds that read the same base at once leave one good table', async () => {
  const cache = newCache()
  await Promise.all(Array.from({ length: 8 }, () => treeIn(cache)))
  assert.deepEqual(readdirSync(dirname(tablePath(cache))).sort(), ['files', 'used'])
  assert.deepEqual((await treeIn(cache)).read(), [])
})

test('a table that cannot be written costs one warning, and nothing else', async () => {
  const cache = newCache()
  writeFileSync(join(cache, 'unpacked'), '')
  const { warnings, tree } = await treeIn(cache)
  assert.ok(tree.find(rawPath('tool')))
  assert.ok(warnings().some((line) => /Nothing can be written/.test(line)))
})
