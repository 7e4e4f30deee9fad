import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CacheItem } from '../../../cache/cache-item.ts'
import { type PrunePolicy, type PruneSituation, planPrune } from '../../../cache/prune-plan.ts'
import { digestOf } from '../../../src/oci/digest.ts'

const hour = 3600_000
const now = 1000 * hour

interface Sketch {
  readonly kind?: CacheItem['kind']
  /** Hours ago. */
  readonly made?: number
  readonly used?: number
  readonly blobs?: readonly string[]
}

function item(name: string, { kind = 'layer', made = 0, used = made, blobs = [name] }: Sketch = {}): CacheItem {
  const [created, lastUsed] = [new Date(now - made * hour), new Date(now - used * hour)]
  const named = blobs.map((blob) => ({ digest: digestOf(blob), size: 100 }))
  const common = { kind, name, title: name, created, lastUsed, hits: undefined }
  return { ...common, blobs: named, size: 1, remove: async () => true }
}

interface Around {
  readonly orphans?: readonly string[]
  readonly pinned?: readonly string[]
  readonly kept?: readonly string[]
  /** Age of every blob, in hours. */
  readonly blobAge?: number
}

/** Every blob has 100 bytes, every item 1 of its own. */
function plan(items: readonly CacheItem[], policy: PrunePolicy, around: Around = {}): Record<string, unknown> {
  const { orphans = [], pinned = [], kept = [], blobAge = 5 } = around
  const digests = new Set([
    ...items.flatMap(({ blobs }) => blobs.map(({ digest }) => digest)),
    ...orphans.map(digestOf),
  ])
  const written = now - blobAge * hour
  const blobs = new Map([...digests].map((digest) => [digest, { digest, size: 100, written }]))
  const pins = new Set([...pinned, ...pinned.map((name) => String(digestOf(name)))])
  const situation: PruneSituation = {
    inventory: { items, blobs, kept: new Set(kept.map(digestOf)) },
    isPinned: (name) => pins.has(name),
    now,
    graceMs: hour,
  }
  const { removals, inUse, blobs: gone, bytes, left } = planPrune(policy, situation)
  return {
    goes: removals.map(({ item: { name }, why }) => `${name} ${why}`),
    ...(inUse.length === 0 ? {} : { inUse: inUse.map(({ name }) => name) }),
    blobs: gone.length,
    bytes,
    left,
  }
}

const ago = (hours: number): Date => new Date(now - hours * hour)

test('nothing said takes blobs that nothing keeps, and no item', () => {
  assert.deepEqual(plan([item('a')], {}, { orphans: ['x', 'y'] }), { goes: [], blobs: 2, bytes: 200, left: 101 })
})

test('a young blob that no item has ever kept stays', () => {
  assert.deepEqual(plan([], {}, { orphans: ['x'], blobAge: 0.5 }), { goes: [], blobs: 0, bytes: 0, left: 100 })
})

test('a young blob goes with the last item that kept it', () => {
  const found = plan([item('a')], { everything: true }, { blobAge: 0.5 })
  assert.deepEqual(found, { goes: ['a chosen'], blobs: 1, bytes: 101, left: 0 })
})

test('cache mounts make room for one another only, and what they must leave anyway counts for the whole', () => {
  const mount = (used: number): Sketch => ({ kind: 'mount', used, blobs: [] })
  const items = [item('oldest', { used: 9 }), item('a', mount(1)), item('b', mount(3)), item('c', mount(2))]
  assert.deepEqual(plan(items, { maxMountSize: 1 }).goes, ['b size', 'c size'])
  assert.deepEqual(plan(items, { maxMountSize: 3 }).goes, [])
  assert.deepEqual(plan(items, { maxMountSize: 1, maxSize: 102 }).goes, ['b size', 'c size'])
  assert.deepEqual(plan(items, { maxMountSize: 1, maxSize: 50 }).goes, ['oldest size', 'b size', 'c size'])
})

test('what was made before a time goes, however it is used', () => {
  const items = [item('old', { made: 10, used: 0 }), item('new', { made: 1 })]
  assert.deepEqual(plan(items, { createdBefore: ago(5) }), { goes: ['old age'], blobs: 1, bytes: 101, left: 101 })
})

test('what nobody has used since a time goes, however new it is', () => {
  const items = [item('used', { made: 10, used: 0 }), item('unused', { made: 8 })]
  assert.deepEqual(plan(items, { unusedSince: ago(5) }).goes, ['unused unused'])
})

test('a time of layers is none of images', () => {
  const items = [item('layer', { made: 10 }), item('image', { made: 10, kind: 'image' })]
  assert.deepEqual(plan(items, { layersUnusedSince: ago(5) }).goes, ['layer unused'])
})

test('a blob that another item keeps stays, and is counted once', () => {
  const items = [item('a', { made: 9, blobs: ['s', 's', 'a'] }), item('b', { blobs: ['s'] })]
  assert.deepEqual(plan(items, { createdBefore: ago(5) }), { goes: ['a age'], blobs: 1, bytes: 101, left: 101 })
})

test('a blob of two items that go is freed once', () => {
  const items = [item('a', { blobs: ['s'] }), item('b', { blobs: ['s'] })]
  assert.deepEqual(plan(items, { everything: true }), { goes: ['a chosen', 'b chosen'], blobs: 1, bytes: 102, left: 0 })
})

test('to make room, what was used longest ago goes first, and no more than must', () => {
  const items = [item('c', { used: 1 }), item('a', { used: 9 }), item('b', { used: 5 })]
  assert.deepEqual(plan(items, { maxSize: 210 }), { goes: ['a size'], blobs: 1, bytes: 101, left: 202 })
  assert.deepEqual(plan(items, { maxSize: 200 }).goes, ['a size', 'b size'])
  assert.deepEqual(plan(items, { maxSize: 303 }).goes, [])
  assert.deepEqual(plan(items, { maxSize: 0 }).goes, ['a size', 'b size', 'c size'])
})

test('blobs that nothing keeps make room before any item goes', () => {
  assert.deepEqual(plan([item('a')], { maxSize: 101 }, { orphans: ['x'] }).goes, [])
})

test('an item stays whose going would make no room, as a younger one keeps its blob', () => {
  const items = [item('twin', { used: 9, blobs: ['s'] }), item('old', { used: 8 }), item('new', { blobs: ['s'] })]
  assert.deepEqual(plan(items, { maxSize: 110 }).goes, ['old size'])
})

test('age and size together take what either takes', () => {
  const items = [item('old', { made: 50, used: 0 }), item('b', { used: 9 }), item('c', { used: 1 })]
  assert.deepEqual(plan(items, { createdBefore: ago(40), maxSize: 150 }).goes, ['b size', 'old age'])
})

test('what a living process has pinned stays, with all blobs of its item', () => {
  const items = [item('a', { blobs: ['x', 'y'] }), item('b')]
  const found = plan(items, { everything: true }, { pinned: ['x'] })
  assert.deepEqual(found, { goes: ['b chosen'], inUse: ['a'], blobs: 1, bytes: 101, left: 201 })
})

test('to make room, others go in the place of what is in use', () => {
  const items = [item('a', { used: 9 }), item('b', { used: 1 })]
  assert.deepEqual(plan(items, { maxSize: 120 }, { pinned: ['a'] }).goes, ['b size'])
})

test('a pinned blob that no item keeps stays', () => {
  assert.deepEqual(plan([], { everything: true }, { orphans: ['x'], pinned: ['x'] }).blobs, 0)
})

test('the unpacked files of a base are pinned by the name of their item', () => {
  const items = [item('sha256:chain', { kind: 'unpacked', blobs: [] })]
  assert.deepEqual(plan(items, { everything: true }, { pinned: ['unpacked:sha256:chain'] }).goes, [])
})

test('blobs stay that a document speaks of which could not be understood', () => {
  assert.deepEqual(plan([], { everything: true }, { orphans: ['x', 'y'], kept: ['x'] }).blobs, 1)
})

test('kinds and names bound every other wish', () => {
  const items = [item('a', { made: 9 }), item('b', { made: 9, kind: 'image' }), item('c', { made: 9, kind: 'image' })]
  assert.deepEqual(plan(items, { createdBefore: ago(5), kinds: ['image'] }).goes, ['b age', 'c age'])
  assert.deepEqual(plan(items, { maxSize: 0, kinds: ['layer'] }).goes, ['a size'])
  assert.deepEqual(plan(items, { everything: true, matches: ({ name }) => name === 'c' }).goes, ['c chosen'])
})

test('a time in the future counts as now', () => {
  assert.deepEqual(plan([item('a', { made: -500 })], { createdBefore: ago(1), unusedSince: ago(1) }).goes, [])
})
