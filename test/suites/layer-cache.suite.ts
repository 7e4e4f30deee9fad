import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { LayerCache } from '../../cache/layer-cache.ts'
import { openLayer } from '../../src/image/layer.ts'
import type { Log } from '../../src/log.ts'
import { collect } from '../../src/stream/bytes.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleTime } from '../unit/cache/samples.ts'
import { temporaryDirectory } from '../unit/content/support.ts'

export interface CacheSurroundings {
  readonly log: Log
  readonly ttlMs: number
  readonly now: () => Date
}

/** A place that keeps layers while caches over it come and go. */
export interface CachePlace {
  open(around: CacheSurroundings): LayerCache
  /** Makes everything in the place useless: whatever is read from it fails or is damaged. */
  spoil(): Promise<void> | void
}

/** What every layer cache promises. `makePlace` makes an empty one; what it starts ends with the test. */
export function layerCacheSuite(name: string, makePlace: (t: TestContext) => Promise<CachePlace> | CachePlace): void {
  const around = (log: Log, after = 0): CacheSurroundings => {
    return { log, ttlMs: 10 * hour, now: () => new Date(sampleTime.getTime() + after) }
  }

  test(`${name}: an empty cache has nothing and says nothing`, async (t) => {
    const { log, warnings } = keptLog()
    const cache = (await makePlace(t)).open(around(log))
    assert.equal(await cache.lookup(sampleKey('a')), undefined)
    await cache.close()
    assert.deepEqual(warnings(), [])
  })

  test(`${name}: a stored layer is found after reopening, with everything that was said about it`, async (t) => {
    const { log, warnings } = keptLog()
    const place = await makePlace(t)
    const layer = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
    const first = place.open(around(log))
    await first.store(sampleEntry('a'), layer)
    await first.close()
    const second = place.open(around(log))
    const hit = await second.lookup(sampleKey('a'))
    const { madeOn, created, text, key } = sampleEntry('a')
    assert.deepEqual([hit?.key, hit?.madeOn, hit?.created, hit?.text], [key, madeOn, created, text])
    assert.deepEqual([hit?.layer.descriptor, hit?.layer.diffID], [layer.descriptor, layer.diffID])
    assert.deepEqual(await collect(openLayer(hit!.layer), 10_000), await collect(openLayer(layer), 10_000))
    await second.close()
    assert.deepEqual(warnings(), [])
  })

  test(`${name}: many layers stored at once are all found, each under its own key`, async (t) => {
    const { log, warnings } = keptLog()
    const place = await makePlace(t)
    const store = openStore(temporaryDirectory(t))
    const names = Array.from({ length: 10 }, (_, i) => `file-${i}`)
    const first = place.open(around(log))
    const layers = await Promise.all(names.map((file) => sampleLayer(store, file)))
    await Promise.all(names.map((file, i) => first.store(sampleEntry(file), layers[i]!)))
    await first.close()
    const second = place.open(around(log))
    const hits = await Promise.all(names.map((file) => second.lookup(sampleKey(file))))
    assert.deepEqual(
      hits.map((hit) => hit?.layer.descriptor),
      layers.map((layer) => layer.descriptor),
    )
    assert.equal(await second.lookup(sampleKey('other')), undefined)
    await second.close()
    assert.deepEqual(warnings(), [])
  })

  test(`${name}: a layer stored under a key that was made on other layers takes the place of the old one`, async (t) => {
    const { log } = keptLog()
    const place = await makePlace(t)
    const store = openStore(temporaryDirectory(t))
    const [old, young] = [await sampleLayer(store, 'old'), await sampleLayer(store, 'young')]
    for (const [layer, madeOn] of [
      [old, 'others'],
      [young, 'these'],
    ] as const) {
      const cache = place.open(around(log))
      assert.equal(await cache.store({ ...sampleEntry('a'), madeOn }, layer), undefined)
      await cache.close()
    }
    const cache = place.open(around(log))
    const found = await cache.lookup(sampleKey('a'))
    assert.deepEqual([found?.layer.descriptor, found?.madeOn], [young.descriptor, 'these'])
    await cache.close()
  })

  test(`${name}: a layer counts until its time to live is over; a future one counts as new`, async (t) => {
    const { log } = keptLog()
    const place = await makePlace(t)
    const first = place.open(around(log))
    await first.store(sampleEntry('a'), await sampleLayer(openStore(temporaryDirectory(t)), 'a'))
    await first.close()
    for (const [after, found] of [
      [10 * hour, true],
      [10 * hour + 1, false],
      [-100_000 * hour, true],
    ] as const) {
      const cache = place.open(around(log, after))
      assert.equal((await cache.lookup(sampleKey('a'))) !== undefined, found, `after ${after} ms`)
      await cache.close()
    }
  })

  test(`${name}: a spoiled cache is a miss with one warning, and does not fail a lookup, a store or the close`, async (t) => {
    const { log, warnings } = keptLog()
    const place = await makePlace(t)
    const store = openStore(temporaryDirectory(t))
    const first = place.open(around(log))
    for (const file of ['a', 'b', 'c']) await first.store(sampleEntry(file), await sampleLayer(store, file))
    await first.close()
    await place.spoil()
    const second = place.open(around(log))
    for (const file of ['a', 'b', 'c']) assert.equal(await second.lookup(sampleKey(file)), undefined)
    assert.equal(warnings().length, 1, warnings().join('\n'))
    await second.store(sampleEntry('d'), await sampleLayer(store, 'd'))
    await second.close()
    assert.ok(warnings().length <= 2, warnings().join('\n'))
  })

  test(`${name}: an abort is thrown, not counted as a miss`, async (t) => {
    const { log, warnings } = keptLog()
    const cache = (await makePlace(t)).open(around(log))
    const signal = AbortSignal.abort(new Error('stop now'))
    await assert.rejects(cache.lookup(sampleKey('a'), { signal }), /stop now/)
    assert.deepEqual(warnings(), [])
    await cache.close()
  })
}
