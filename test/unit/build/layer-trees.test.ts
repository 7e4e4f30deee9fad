import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { LayerTrees } from '../../../src/build/layer-trees.ts'
import type { Layer } from '../../../src/image/layer.ts'
import type { DiffID } from '../../../src/oci/digest.ts'
import { mostLower } from '../../../src/rootfs/overlay-mount.ts'
import { makeMountsPrivate, seenByAllThreads } from '../../../src/sys/private-mounts.ts'
import { temporaryDirectory } from '../../support/temp.ts'

// Threads that are older than the mounts.
await Promise.all(Array.from({ length: 8 }, () => stat('/')))
makeMountsPrivate()

test('layers are unpacked once for all roots that begin with them', async (t) => {
  const { trees, unpacked } = openTrees(t)
  const [a, b, c, d] = layersNamed('abcd')
  const [one, other] = await Promise.all([trees.stack([a, b, c], { base: 2 }), trees.stack([a, b, d], { base: 2 })])
  assert.deepEqual(unpacked, ['ab', 'c', 'd'])
  assert.deepEqual([one.length, other.length, one[1]], [2, 2, other[1]])
  assert.deepEqual(await trees.stack([a, b], { base: 0 }), [one[1]])
  assert.deepEqual(unpacked, ['ab', 'c', 'd'])
})

test('a stack that is known to be the layers of a step is what later roots begin with', async (t) => {
  const { trees, unpacked, place } = openTrees(t)
  const [a, b, c] = layersNamed('abc')
  const stack = await trees.stack([a], { base: 1 })
  const mounted = trees.mount(place, stack)
  appendFileSync(join(place, 'order'), 'B')
  trees.unmount(place, mounted)
  trees.add([a, b], [mounted.upper, ...stack])
  trees.mount(place, await trees.stack([a, b, c], { base: 1 }))
  assert.equal(readFileSync(join(place, 'order'), 'utf8'), 'aBc')
  assert.deepEqual(unpacked, ['a', 'c'])
})

test('a stack as high as the kernel takes is laid flat, with the same files', async (t) => {
  const { trees, place, unpacked } = openTrees(t)
  const names = Array.from({ length: mostLower + 5 }, (_, i) => String.fromCharCode(0x100 + i))
  const layers = layersNamed(names.join(''))
  let highest = 0
  for (let count = 1; count <= layers.length; count += 1) {
    highest = Math.max(highest, (await trees.stack(layers.slice(0, count), { base: 1 })).length)
  }
  assert.ok(highest < mostLower, String(highest))
  trees.mount(place, await trees.stack(layers, { base: 1 }))
  assert.equal(readFileSync(join(place, 'order'), 'utf8'), names.join(''))
  assert.ok(unpacked.includes(names.slice(0, mostLower).join('')), 'once from the first layer on')
})

test('what could not be unpacked is tried again when it is asked for again', async (t) => {
  const { trees, failOnce } = openTrees(t)
  const [a] = layersNamed('a')
  failOnce()
  await assert.rejects(trees.stack([a], { base: 1 }), /no luck/)
  assert.equal((await trees.stack([a], { base: 1 })).length, 1)
})

test('threads that are older than the mounts see them by another path', async (t) => {
  const { trees, place, directory } = openTrees(t)
  trees.mount(place, [])
  await writeFile(join(directory, 'source'), 'content')
  await copyFile(join(directory, 'source'), join(seenByAllThreads(place), 'copy'))
  assert.equal(readFileSync(join(place, 'copy'), 'utf8'), 'content')
})

test('the top of a mounted root has the mode, owner and time of what it lies on', async (t) => {
  const { trees, place, directory } = openTrees(t)
  const lower = join(directory, 'lower')
  mkdirSync(lower, { mode: 0o711 })
  const before = await stat(lower, { bigint: true })
  trees.mount(place, [lower])
  const after = await stat(seenByAllThreads(place), { bigint: true })
  assert.deepEqual([after.mode, after.uid, after.mtimeNs], [before.mode, before.uid, before.mtimeNs])
})

test('disposed of, nothing is mounted any more', (t) => {
  const { trees, place, directory } = openTrees(t)
  trees.mount(place, [])
  trees[Symbol.dispose]()
  assert.deepEqual(readdirSync(place), [])
  assert.ok(!readFileSync('/proc/thread-self/mountinfo', 'utf8').includes(directory))
})

/** Trees whose layers are letters: unpacking one appends it to the file "order". */
function openTrees(t: TestContext) {
  const mounts = new DisposableStack()
  // Before the directory is removed.
  t.after(() => mounts.dispose())
  const directory = temporaryDirectory(t)
  const unpacked: string[] = []
  let failures = 0
  const unpack = async (root: string, layers: readonly Layer[]): Promise<void> => {
    if (failures-- > 0) throw new Error('no luck')
    const names = layers.map(({ diffID }) => diffID).join('')
    unpacked.push(names)
    appendFileSync(join(root, 'order'), names)
  }
  const trees = mounts.use(new LayerTrees({ directory: join(directory, 'trees'), marks: 'trusted', unpack }))
  const place = join(directory, 'root')
  mkdirSync(place)
  const failOnce = (): void => {
    failures = 1
  }
  return { trees, directory, place, unpacked, failOnce }
}

function layersNamed(letters: string): [Layer, Layer, Layer, Layer, ...Layer[]] {
  return [...letters].map((letter) => ({ diffID: letter as DiffID }) as Layer) as never
}
