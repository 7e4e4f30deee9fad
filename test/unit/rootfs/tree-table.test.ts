import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyLayerToTree } from '../../../src/rootfs/apply-to-tree.ts'
import { FileTree, recordOfNode } from '../../../src/rootfs/file-tree.ts'
import { NodeTable } from '../../../src/rootfs/node-table.ts'
import { readTreeTable } from '../../../src/rootfs/read-tree-table.ts'
import { BadTable } from '../../../src/rootfs/table-bytes.ts'
import { writeTreeTable } from '../../../src/rootfs/write-tree-table.ts'
import type { TarEntry, TarItem } from '../../../src/tar/entry.ts'
import { joinRaw, type RawPath, rawPath } from '../../../src/tar/raw-path.ts'
import { writeTar } from '../../../src/tar/write.ts'
import { silentLog } from '../../support/silent-log.ts'

const none: ReadonlyMap<string, Uint8Array> = new Map()

function entry(path: string, more: Partial<TarEntry> & { readonly type: TarEntry['type'] }): TarEntry {
  const common = { path: rawPath(path), mode: 0o755, uid: 0, gid: 0, mtimeNs: 1_700_000_000_123_456_789n, xattrs: none }
  return { ...common, size: 0, ...more } as unknown as TarEntry
}

function file(path: string, text: string, more: Partial<TarEntry> = {}): TarItem {
  const content = Buffer.from(text)
  return { entry: entry(path, { type: 'file', size: content.byteLength, ...more } as never), open: () => [content] }
}

const xattrs = new Map([
  ['security.capability', Buffer.from([1, 0, 0, 2, 0, 0xff])],
  ['user.note', Buffer.from('x')],
])

const lower: readonly TarItem[] = [
  { entry: entry('', { type: 'directory', mode: 0o1777 }) },
  { entry: entry('etc', { type: 'directory', mtimeNs: -5_500_000_000n }) },
  file('etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
  file('etc/empty', ''),
  file('bin/tool', 'tool'.repeat(5000), { mode: 0o4755, uid: 4_000_000_000, gid: 65534, xattrs }),
  { entry: entry('bin/again', { type: 'hardlink', target: rawPath('bin/tool'), mode: 0o4755 } as never) },
  { entry: entry('bin/link', { type: 'symlink', target: Buffer.from('../etc/\xe4', 'latin1') } as never) },
  { entry: entry('dev/null', { type: 'character', major: 1, minor: 3 } as never) },
  { entry: entry('dev/disk', { type: 'block', major: 259, minor: 70_000 } as never) },
  { entry: entry('dev/pipe', { type: 'fifo' }) },
  file('deep/a/b/c/d/e', 'deep'),
]
const upper: readonly TarItem[] = [file('etc/new', 'new'), file('etc/.wh.empty', ''), file('bin\xff', 'odd')]

/** A tree of two layers, the first source of which is the lower one's. */
async function sampleTree(): Promise<{ tree: FileTree; sources: readonly number[] }> {
  const tree = FileTree.empty()
  const sources: number[] = []
  for (const items of [lower, upper]) {
    const source = tree.addSource({ read: (place) => [Buffer.from(`${sources.length} ${place.offset}`)] })
    sources.push(source)
    await applyLayerToTree(tree, writeTar(items), { source, log: silentLog })
  }
  return { tree, sources }
}

function tableOf(tree: FileTree, sources: readonly number[]): Buffer[] {
  const sourceOf = (source: number): number | undefined => {
    const index = sources.indexOf(source)
    return index < 0 ? undefined : index
  }
  return [...writeTreeTable(tree, { sourceOf })]
}

async function treeOf(frames: readonly Buffer[], sources = [7, 8]): Promise<FileTree> {
  const tree = FileTree.empty()
  async function* given(): AsyncGenerator<Buffer> {
    yield* frames
  }
  await readTreeTable(tree, given(), { sources })
  return tree
}

/** All that a tree says of its files, with contents by place. */
function contentsOf(tree: FileTree, sources: readonly number[], path = '' as RawPath): readonly unknown[] {
  const record = tree.record(path)
  assert.ok(record)
  const { ino: _, ctimeNs: __, ...known } = record
  const place = record.type === 'file' && record.size > 0 ? tree.content(record) : undefined
  const content =
    typeof place === 'function'
      ? Buffer.concat([...(place() as Iterable<Uint8Array>)]).toString('latin1')
      : place && { ...place, source: sources.indexOf(place.source) }
  const own = {
    ...known,
    content,
    target: tree.target(path),
    xattrs: [...tree.xattrs(path)].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
  }
  return [own, ...tree.names(path).flatMap((name) => contentsOf(tree, sources, joinRaw(path, name)))]
}

test('a tree comes back from its table with everything it says of its files', async () => {
  const { tree, sources } = await sampleTree()
  const back = await treeOf(tableOf(tree, sources))
  assert.deepEqual(contentsOf(back, [7, 8]), contentsOf(tree, sources))
  const [tool, again] = ['bin/tool', 'bin/again'].map((path) => back.record(rawPath(path)))
  assert.deepEqual([tool?.ino, tool?.nlink], [again?.ino, 2])
  assert.equal(back.find(rawPath('etc/empty')), undefined)
})

test('equal trees have equal tables, however they came to be', async () => {
  const { tree, sources } = await sampleTree()
  const table = Buffer.concat(tableOf(tree, sources))
  const back = await treeOf([table])
  assert.ok(Buffer.concat(tableOf(back, [7, 8])).equals(table))
  tree.fork().remove(rawPath('etc'))
  assert.ok(Buffer.concat(tableOf(tree, sources)).equals(table), 'what happens to a fork is not in it')
})

test('a tree that came from a table can be changed, and its hardlinks stay one file', async () => {
  const { tree, sources } = await sampleTree()
  const back = (await treeOf(tableOf(tree, sources))).fork()
  back.setOwnerAndMode(rawPath('bin/again'), { uid: 1, gid: 2, mode: 0o600 })
  assert.equal(back.record(rawPath('bin/tool'))?.uid, 1)
  back.remove(rawPath('bin/tool'))
  assert.equal(back.record(rawPath('bin/again'))?.nlink, 1)
  back.put(rawPath('etc/more'), { type: 'directory' })
  assert.deepEqual(back.names(rawPath('etc')), ['more', 'new', 'passwd'])
})

test('many files come in frames of bounded size, and are read back', async () => {
  const tree = FileTree.empty(new NodeTable())
  const source = tree.addSource({ read: () => [] })
  for (let i = 0; i < 20_000; i += 1) {
    const directory = rawPath(`d${i % 100}`)
    if (i < 100) tree.put(directory, { type: 'directory' })
    tree.put(joinRaw(directory, rawPath(`file-${i}`)), {
      type: 'file',
      size: i + 1,
      content: { source, offset: i * 1000 },
    })
  }
  const frames = tableOf(tree, [source])
  assert.ok(frames.length > 5, String(frames.length))
  for (const { byteLength } of frames) assert.ok(byteLength < 70_000, String(byteLength))
  const back = await treeOf(frames)
  const node = back.find(rawPath('d42/file-19942'))
  assert.ok(node)
  assert.equal(recordOfNode(back.nodes, node, rawPath('')).size, 19_943)
})

test('contents that no reader could have are refused', async () => {
  const { tree, sources } = await sampleTree()
  assert.throws(() => tableOf(tree, sources.slice(0, 1)), /lies in no layer/)
  const own = tree.fork()
  own.put(rawPath('late'), { type: 'file', size: 1, content: async function* () {} })
  assert.throws(() => tableOf(own, sources), /not at hand/)
})

test('a table that is cut off anywhere, or has a byte changed, is refused or is another tree: nothing else happens', async () => {
  const { tree, sources } = await sampleTree()
  const table = Buffer.concat(tableOf(tree, sources))
  for (let length = 0; length < table.byteLength; length += 1) {
    await assert.rejects(treeOf([table.subarray(0, length)]), BadTable, `${length} bytes`)
  }
  let refused = 0
  for (let at = 0; at < table.byteLength; at += 1) {
    const changed = Buffer.from(table)
    changed[at] = 0xff ^ (changed[at] ?? 0)
    try {
      await treeOf([changed])
    } catch (error) {
      assert.ok(error instanceof BadTable, String(error))
      refused += 1
    }
  }
  assert.ok(refused > table.byteLength / 4, String(refused))
})

const hostile: Readonly<Record<string, readonly number[]>> = {
  'names above its directory': [1, 0, 0xed, 3, 0, 0, 0, 0, 1, 2, 0x2e, 0x2e, 0xed, 3, 0, 0, 0, 0, 0, 0],
  'names of several parts': [1, 0, 0xed, 3, 0, 0, 0, 0, 1, 3, 0x61, 0x2f, 0x62, 0xed, 3, 0, 0, 0, 0, 0, 0],
  'a root with a name': [1, 1, 0x61, 0xed, 3, 0, 0, 0, 0, 0],
  'a root that is a file': [2, 0, 0xed, 3, 0, 0, 0, 0, 0],
  'two roots': [1, 0, 0xed, 3, 0, 0, 0, 0, 0, 1, 0, 0xed, 3, 0, 0, 0, 0, 0],
  'more ends than directories': [1, 0, 0xed, 3, 0, 0, 0, 0, 0, 0],
  'a number without end': [1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  'a link to nothing': [1, 0, 0xed, 3, 0, 0, 0, 0, 8, 1, 0x61, 0, 0],
  'nothing at all': [],
}

for (const [what, bytes] of Object.entries(hostile)) {
  test(`a table with ${what} is refused`, async () => {
    await assert.rejects(treeOf([Buffer.from(bytes)]), BadTable)
  })
}
