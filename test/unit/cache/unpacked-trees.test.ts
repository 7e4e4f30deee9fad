import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listUnpacked } from '../../../cache/unpacked-items.ts'
import { type TreeMaking, UnpackedTrees, type UnpackedTreesOptions } from '../../../cache/unpacked-trees.ts'
import { type DiffID, digestOf } from '../../../src/oci/digest.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { keptLog } from './samples.ts'

const directory = temporaryDirectory({ after })
const layers = ['a', 'b'].map((text) => digestOf(text) as string as DiffID)

function newCache(): string {
  return mkdtempSync(join(directory, 'cache-'))
}

interface Opened {
  readonly trees: UnpackedTrees
  readonly warnings: () => readonly string[]
  /** How often something was unpacked. */
  readonly count: () => number
  readonly making: TreeMaking
}

function open(cache: string, options: Partial<UnpackedTreesOptions> = {}, more: Partial<TreeMaking> = {}): Opened {
  const { log, warnings } = keptLog()
  const trees = new UnpackedTrees({ directory: cache, readOnly: false, devices: true, log, ...options })
  let count = 0
  const making = {
    isUsable: () => true,
    unpack: async (root: string) => {
      count += 1
      mkdirSync(join(root, 'etc'))
      writeFileSync(join(root, 'etc/conf'), 'text')
    },
    ...more,
  }
  return { trees, warnings, count: () => count, making }
}

/** What one build gets, from its beginning to its end. */
async function held(cache: string, options = {}, more = {}): Promise<Opened & { readonly files: string | undefined }> {
  const opened = open(cache, options, more)
  const files = await opened.trees.hold(layers, opened.making)
  await opened.trees.close()
  return { ...opened, files }
}

function placeIn(cache: string): string {
  const [name] = readdirSync(join(cache, 'unpacked'))
  assert.ok(name)
  return join(cache, 'unpacked', name)
}

function treesIn(cache: string): readonly string[] {
  return readdirSync(placeIn(cache)).filter((name) => name.startsWith('tree-'))
}

test('what one build has unpacked is there for the next one, and for all that ask for it', async () => {
  const cache = newCache()
  const first = await held(cache)
  assert.ok(first.files)
  assert.equal(first.count(), 1)
  const second = open(cache)
  const both = await Promise.all([1, 2].map(() => second.trees.hold(layers, second.making)))
  assert.deepEqual(both, [first.files, first.files])
  assert.equal(second.count(), 0)
  assert.equal(readFileSync(join(first.files, 'etc/conf'), 'utf8'), 'text')
  await second.trees.close()
  assert.deepEqual([...first.warnings(), ...second.warnings()], [])
  assert.deepEqual(
    readdirSync(placeIn(cache)).map((name) => name.replace(/-.*/, '')),
    ['tree', 'used'],
  )
})

test('no layers have no tree', async () => {
  const { trees, making } = open(newCache())
  assert.equal(await trees.hold([], making), undefined)
})

test('while one build unpacks a base, another goes on without; when it is done, a third has it', async () => {
  const cache = newCache()
  let go = (): void => {}
  const waiting = new Promise<void>((resolve) => {
    go = resolve
  })
  let begun = (): void => {}
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const unpack = async (): Promise<void> => {
    begun()
    await waiting
  }
  const slow = open(cache, {}, { unpack })
  const first = slow.trees.hold(layers, slow.making)
  await hasBegun
  const second = await held(cache)
  assert.deepEqual([second.files, second.count(), second.warnings()], [undefined, 0, []])
  go()
  assert.ok(await first)
  await slow.trees.close()
  const third = await held(cache)
  assert.deepEqual([third.files, third.count()], [await first, 0])
})

for (const when of ['unpacking', 'using']) {
  test(`of a build that is killed while ${when}, nothing is in the way`, async () => {
    const cache = newCache()
    const script = join(import.meta.dirname, 'children/unpack-and-hang.ts')
    const [layer = ''] = layers
    const child = spawn(process.execPath, [script, cache, layer, when], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const place = placeIn(cache)
    const other = open(cache)
    const [item] = await listUnpacked(cache)
    assert.equal(await item?.remove(), false, 'somebody uses it')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const files = await other.trees.hold([layer as DiffID], other.making)
    assert.ok(files)
    assert.equal(other.count(), when === 'unpacking' ? 1 : 0)
    await other.trees.close()
    assert.deepEqual(other.warnings(), [])
    assert.equal(readdirSync(place).filter((name) => name.startsWith('tree-')).length, 1)
    assert.equal(await (await listUnpacked(cache))[0]?.remove(), true)
    assert.deepEqual(readdirSync(join(cache, 'unpacked')), [])
  })
}

const damages: Readonly<Record<string, (files: string) => void>> = {
  'a content has changed, though its time says otherwise': (files) => {
    const path = join(files, 'etc/conf')
    const { atime, mtime } = statSync(path)
    writeFileSync(path, 'TEXT')
    utimesSync(path, atime, mtime)
  },
  'a file is missing': (files) => rmSync(join(files, 'etc/conf')),
  'a file has come': (files) => writeFileSync(join(files, 'etc/more'), ''),
  'a mode has changed': (files) => chmodSync(join(files, 'etc'), 0o777),
  'a seal is damaged': (files) => {
    const path = join(dirname(files), 'seal.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"files":\d+/, '"files":99'))
  },
}

for (const [damage, make] of Object.entries(damages)) {
  test(`a tree of which ${damage} is not used: it is said once, and the base is unpacked anew`, async () => {
    const cache = newCache()
    const { files } = await held(cache)
    assert.ok(files)
    make(files)
    const next = await held(cache)
    assert.ok(next.files)
    assert.notEqual(next.files, files)
    assert.deepEqual([next.count(), next.warnings().length], [1, 1], next.warnings().join('\n'))
    assert.equal(readFileSync(join(next.files, 'etc/conf'), 'utf8'), 'text')
    assert.equal(treesIn(cache).length, 1, 'the bad one is gone')
    const last = await held(cache)
    assert.deepEqual([last.files, last.warnings()], [next.files, []])
  })
}

test('a bad tree is not removed from under those who found it good', async () => {
  const cache = newCache()
  await held(cache)
  const user = open(cache)
  const files = await user.trees.hold(layers, user.making)
  assert.ok(files)
  writeFileSync(join(files, 'late'), '')
  assert.ok((await held(cache)).files)
  user.trees.check()
  assert.ok(existsSync(files))
  await user.trees.close()
})

test('a tree of other layers is not used, wherever it lies', async () => {
  const cache = newCache()
  const { trees, making } = open(cache)
  const other = await trees.hold(layers.slice(0, 1), making)
  await trees.close()
  assert.ok(other)
  await held(cache)
  const place = readdirSync(join(cache, 'unpacked')).map((name) => join(cache, 'unpacked', name))
  const own = place.find((path) => !other.startsWith(path))
  assert.ok(own)
  for (const name of readdirSync(own).filter((name) => name.startsWith('tree-')))
    rmSync(join(own, name), { recursive: true })
  renameSync(dirname(other), join(own, 'tree-0123456789abcdef'))
  const next = await held(cache)
  assert.deepEqual([next.count(), next.warnings().length], [1, 1])
})

test('a tree whose owners look different from here is left alone, without a word', async () => {
  const cache = newCache()
  const { files } = await held(cache)
  assert.ok(files)
  lchownSync(files, 1234, 1234)
  const next = await held(cache)
  assert.deepEqual([next.count(), next.warnings()], [1, []])
  assert.ok(existsSync(files))
  assert.equal(treesIn(cache).length, 2)
})

test('a tree that lacks devices is for those who cannot make any', async () => {
  const cache = newCache()
  const poor = await held(cache, { devices: false })
  assert.equal((await held(cache, { devices: false })).files, poor.files)
  const rich = await held(cache)
  assert.equal(rich.count(), 1)
  assert.notEqual(rich.files, poor.files)
  const again = await held(cache, { devices: false })
  assert.equal(again.count(), 0)
})

test('in a directory that may not be written, trees are used and nothing is changed', async () => {
  const cache = newCache()
  const without = await held(cache, { readOnly: true })
  assert.deepEqual([without.files, without.count(), readdirSync(cache)], [undefined, 0, []])
  const { files } = await held(cache)
  rmSync(join(placeIn(cache), 'used'))
  const before = readdirSync(placeIn(cache))
  const reader = await held(cache, { readOnly: true })
  assert.deepEqual([reader.files, reader.count(), reader.warnings()], [files, 0, []])
  assert.deepEqual(readdirSync(placeIn(cache)), before)
})

test('what cannot be unpacked there leaves nothing behind and costs one warning', async () => {
  const cache = newCache()
  const unpack = async (root: string): Promise<void> => {
    writeFileSync(join(root, 'half'), '')
    throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
  }
  const failed = await held(cache, {}, { unpack })
  assert.deepEqual([failed.files, failed.warnings().length], [undefined, 1])
  assert.deepEqual(treesIn(cache), [])
  assert.ok((await held(cache)).files)
})

test('where no overlay can lie on it, nothing is unpacked to be kept', async () => {
  const cache = newCache()
  const { files, count, warnings } = await held(cache, {}, { isUsable: () => false })
  assert.deepEqual([files, count(), warnings()], [undefined, 0, []])
  assert.deepEqual(treesIn(cache), [])
})

test('a tree that is of no use to one is left to others', async () => {
  const cache = newCache()
  const { files } = await held(cache)
  assert.ok(files)
  const other = await held(cache, {}, { isUsable: () => false })
  assert.deepEqual([other.files, other.warnings()], [undefined, []])
  const third = await held(cache)
  assert.deepEqual([third.files, third.count()], [files, 0])
})

test('a tree that cannot be sealed serves the build that has made it, and nobody else', async () => {
  const cache = newCache()
  const unpack = async (root: string): Promise<void> => {
    mkdirSync(join(root, '../seal.json/in the way'), { recursive: true })
  }
  const maker = open(cache, {}, { unpack })
  const files = await maker.trees.hold(layers, maker.making)
  assert.ok(files)
  while (maker.warnings().length === 0) await sleep(5)
  const other = await held(cache)
  assert.deepEqual([other.files, other.count()], [undefined, 0])
  maker.trees.check()
  await maker.trees.close()
  const third = await held(cache)
  assert.equal(third.count(), 1)
})

test('that a tree was taken away while it is used is found out', async () => {
  const cache = newCache()
  await held(cache)
  const user = open(cache, { readOnly: true })
  await user.trees.hold(layers, user.making)
  user.trees.check()
  assert.equal(await (await listUnpacked(cache))[0]?.remove(), true, 'a reader leaves no trace')
  assert.throws(() => user.trees.check(), /was taken away/)
})

test('a tree does not inherit what the top of a shared directory hands down', async () => {
  const cache = newCache()
  lchownSync(cache, 1000, 1000)
  chmodSync(cache, 0o2775)
  const { files } = await held(cache)
  assert.ok(files)
  for (const path of [files, join(files, 'etc'), join(files, 'etc/conf')]) {
    const { uid, gid, mode } = statSync(path)
    assert.deepEqual([uid, gid, mode & 0o7000], [0, 0, 0], path)
  }
  assert.equal(statSync(placeIn(cache)).uid, 1000)
})

test('what is kept is listed with its size and times, and can be taken away when nobody uses it', async () => {
  const cache = newCache()
  assert.deepEqual(await listUnpacked(cache), [])
  const before = Date.now()
  const unpack = async (root: string): Promise<void> => writeFileSync(join(root, 'large'), Buffer.alloc(1 << 20, 1))
  const user = open(cache, {}, { unpack })
  await user.trees.hold(layers, user.making)
  await user.trees.close()
  const again = open(cache)
  await again.trees.hold(layers, again.making)
  const [item, ...more] = await listUnpacked(cache)
  assert.ok(item)
  assert.deepEqual([more, item.kind, item.blobs, item.hits], [[], 'unpacked', [], undefined])
  assert.match(item.name, /^sha256:[0-9a-f]{64}$/)
  assert.match(item.title, /^unpacked files of base [0-9a-f]{12}$/)
  assert.ok(item.size >= 1 << 20 && item.size < 2 << 20, String(item.size))
  for (const time of [item.created, item.lastUsed]) assert.ok(time.getTime() >= before - 2000, String(time))
  assert.equal(await item.remove(), false)
  again.trees.check()
  await again.trees.close()
  assert.equal(await item.remove(), true)
  assert.deepEqual(readdirSync(join(cache, 'unpacked')), [])
  assert.deepEqual(readdirSync(join(cache, 'trash')), [])
  assert.deepEqual(await listUnpacked(cache), [])
  assert.equal(await item.remove(), true, 'gone already')
})
