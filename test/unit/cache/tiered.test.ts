import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { LayerCache } from '../../../cache/layer-cache.ts'
import { type LocalLayerCache, localLayerCache } from '../../../cache/local.ts'
import { ociLayerCache } from '../../../cache/oci-directory.ts'
import { tieredLayerCache } from '../../../cache/tiered.ts'
import { fetchLayer, openLayer } from '../../../src/image/layer.ts'
import { collect } from '../../../src/stream/bytes.ts'
import { damagedBlobs, flipBit, temporaryDirectory } from '../content/support.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleTime } from './samples.ts'

interface Tiers {
  readonly directory: string
  readonly local: LocalLayerCache
  readonly remote: LayerCache
  warnings(): readonly string[]
}

function tiers(t: TestContext): Tiers {
  const { log, warnings } = keptLog()
  const directory = temporaryDirectory(t)
  const around = { ttlMs: hour, log, now: () => sampleTime }
  const local = localLayerCache({ directory, store: openStore(directory), readOnly: false, ...around })
  const remote = ociLayerCache({ path: join(temporaryDirectory(t), 'layout'), ...around })
  return { directory, local, remote, warnings }
}

test('the local tier is asked first', async (t) => {
  const { local, remote, directory } = tiers(t)
  const cache = tieredLayerCache({ local, remotes: [{ cache: remote, read: true, write: true }] })
  await cache.store(sampleEntry('a'), await sampleLayer(openStore(directory), 'a'))
  await cache.close()
  assert.ok(await remote.lookup(sampleKey('a')))
  assert.equal((await cache.lookup(sampleKey('a')))?.tier, 'local')
})

test('a remote hit is local from the moment its layer is fetched', async (t) => {
  const { local, remote, directory, warnings } = tiers(t)
  await remote.store(sampleEntry('a'), await sampleLayer(openStore(temporaryDirectory(t)), 'a'))
  const cache = tieredLayerCache({ local, remotes: [{ cache: remote, read: true, write: true }] })
  const hit = await cache.lookup(sampleKey('a'))
  assert.equal(hit?.tier, 'remote')
  assert.equal(openStore(directory).has(hit.layer.descriptor), false)
  await fetchLayer(hit.layer, openStore(directory))
  assert.equal((await local.lookup(sampleKey('a')))?.tier, 'local')
  await cache.close()
  assert.deepEqual(warnings(), [])
})

test('what is meant for the local tier only neither asks nor reaches the remote one', async (t) => {
  const { local, remote, directory } = tiers(t)
  const cache = tieredLayerCache({ local, remotes: [{ cache: remote, read: true, write: true }] })
  await remote.store(sampleEntry('far'), await sampleLayer(openStore(temporaryDirectory(t)), 'far'))
  assert.equal(await cache.lookup(sampleKey('far'), { remote: false }), undefined)
  await cache.store(sampleEntry('near'), await sampleLayer(openStore(directory), 'near'), { remote: false })
  await cache.close()
  assert.equal(await remote.lookup(sampleKey('near')), undefined)
  assert.ok(await local.lookup(sampleKey('near')))
})

test('without leave to push, the remote tier is read and never written', async (t) => {
  const { local, remote, directory } = tiers(t)
  const cache = tieredLayerCache({ local, remotes: [{ cache: remote, read: true, write: false }] })
  await remote.store(sampleEntry('far'), await sampleLayer(openStore(temporaryDirectory(t)), 'far'))
  assert.ok(await cache.lookup(sampleKey('far')))
  await cache.store(sampleEntry('near'), await sampleLayer(openStore(directory), 'near'))
  await cache.close()
  assert.equal(await remote.lookup(sampleKey('near')), undefined)
})

test('a local layer that is damaged comes from the remote tier at once', async (t) => {
  const { local, remote, directory, warnings } = tiers(t)
  const layer = await sampleLayer(openStore(directory), 'a')
  await local.store(sampleEntry('a'), layer)
  await remote.store(sampleEntry('a'), layer)
  const around = { ttlMs: hour, log: keptLog().log, now: () => sampleTime }
  const fresh = localLayerCache({ directory, store: openStore(directory), readOnly: false, ...around })
  flipBit(openStore(directory).pathOf(layer.descriptor.digest))
  const hit = await tieredLayerCache({ local: fresh, remotes: [{ cache: remote, read: true, write: true }] }).lookup(
    sampleKey('a'),
  )
  assert.equal(hit?.tier, 'local')
  await collect(openLayer(hit.layer), 10_000)
  assert.deepEqual(damagedBlobs(directory), [])
  assert.deepEqual(warnings(), [])
})

test('a layer another build was first with is given from the local tier, and the own one is not pushed', async (t) => {
  const { local, remote, directory } = tiers(t)
  const first = await sampleLayer(openStore(directory), 'first')
  await local.store(sampleEntry('a'), first)
  const cache = tieredLayerCache({ local, remotes: [{ cache: remote, read: true, write: true }] })
  const given = await cache.store(sampleEntry('a'), await sampleLayer(openStore(directory), 'second'))
  await cache.close()
  assert.deepEqual(given?.layer.descriptor, first.descriptor)
  assert.equal(await remote.lookup(sampleKey('a')), undefined)
})

test('a damaged layer of a cache layout is stored anew by the next build', async (t) => {
  const path = join(temporaryDirectory(t), 'layout')
  const around = { path, ttlMs: hour, log: keptLog().log, now: () => sampleTime }
  const layer = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  await ociLayerCache(around).store(sampleEntry('a'), layer)
  const hit = await ociLayerCache(around).lookup(sampleKey('a'))
  flipBit(openStore(path).pathOf(layer.descriptor.digest))
  await assert.rejects(collect(openLayer(hit!.layer), 10_000), { code: 'integrity' })
  assert.equal(await ociLayerCache(around).lookup(sampleKey('a')), undefined)
  await ociLayerCache(around).store(sampleEntry('a'), layer)
  flipBit(openStore(path).pathOf(layer.descriptor.digest))
  await ociLayerCache(around).store(sampleEntry('a'), layer)
  assert.deepEqual(damagedBlobs(path), [])
})

test('a slow push does not hold up the build, and close waits for it', async (t) => {
  const { local, remote, directory } = tiers(t)
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow: LayerCache = {
    lookup: (key, options) => remote.lookup(key, options),
    store: async (entry, layer, options) => {
      await gate
      await remote.store(entry, layer, options)
    },
    close: () => remote.close(),
  }
  const cache = tieredLayerCache({ local, remotes: [{ cache: slow, read: true, write: true }] })
  await cache.store(sampleEntry('a'), await sampleLayer(openStore(directory), 'a'))
  assert.ok(await local.lookup(sampleKey('a')))
  assert.equal(await remote.lookup(sampleKey('a')), undefined)
  release()
  await cache.close()
  assert.ok(await remote.lookup(sampleKey('a')))
})

test('an aborted push is thrown by close, after the other tier was closed', async (t) => {
  const { local, remote, directory } = tiers(t)
  const aborted = new AbortController()
  const cache = tieredLayerCache({ local, remotes: [{ cache: remote, read: true, write: true }] })
  const layer = await sampleLayer(openStore(directory), 'a')
  await cache.store(sampleEntry('a'), layer, { signal: aborted.signal })
  aborted.abort(new Error('stop now'))
  await assert.rejects(cache.close(), /stop now/)
  assert.ok(await local.lookup(sampleKey('a')))
})

test('a cache without any tier has nothing and keeps nothing', async (t) => {
  const cache = tieredLayerCache({ remotes: [] })
  await cache.store(sampleEntry('a'), await sampleLayer(openStore(temporaryDirectory(t)), 'a'))
  assert.equal(await cache.lookup(sampleKey('a')), undefined)
  await cache.close()
})

test('several remote tiers are each read and written as they allow', async (t) => {
  const { local, remote, directory } = tiers(t)
  const [written, read] = [tiers(t).remote, tiers(t).remote]
  await remote.store(sampleEntry('neither'), await sampleLayer(openStore(temporaryDirectory(t)), 'neither'))
  await written.store(sampleEntry('written'), await sampleLayer(openStore(temporaryDirectory(t)), 'written'))
  await read.store(sampleEntry('read'), await sampleLayer(openStore(temporaryDirectory(t)), 'read'))
  const cache = tieredLayerCache({
    local,
    remotes: [
      { cache: remote, read: false, write: true },
      { cache: written, read: true, write: true },
      { cache: read, read: true, write: false },
    ],
  })
  const found = await Promise.all(['neither', 'written', 'read'].map((name) => cache.lookup(sampleKey(name))))
  assert.deepEqual(
    found.map((hit) => hit?.tier),
    [undefined, 'remote', 'remote'],
  )
  await cache.store(sampleEntry('new'), await sampleLayer(openStore(directory), 'new'))
  await cache.settled()
  const there = await Promise.all([remote, written, read].map((tier) => tier.lookup(sampleKey('new'))))
  assert.deepEqual(
    there.map((hit) => hit !== undefined),
    [true, true, false],
  )
  await cache.close()
})

test('the answer of the first remote tier counts, and one that never answers holds up none before it', async (t) => {
  const [first, second] = [tiers(t).remote, tiers(t).remote]
  const layers = [
    await sampleLayer(openStore(temporaryDirectory(t)), 'x'),
    await sampleLayer(openStore(temporaryDirectory(t)), 'y'),
  ]
  await first.store(sampleEntry('a'), layers[0]!)
  await second.store(sampleEntry('a'), layers[1]!)
  const silent: LayerCache = {
    ...first,
    lookup: () => new Promise(() => {}),
    store: async () => undefined,
    close: async () => {},
  }
  const asTiers = [first, second, silent].map((cache) => ({ cache, read: true, write: true }))
  const hit = await tieredLayerCache({ remotes: asTiers }).lookup(sampleKey('a'))
  assert.deepEqual(hit?.layer.descriptor, layers[0]!.descriptor)
})

test('a layout is found changed by whoever has read it before', async (t) => {
  const path = join(temporaryDirectory(t), 'layout')
  const around = { path, ttlMs: hour, log: keptLog().log, now: () => sampleTime }
  const reader = ociLayerCache(around)
  for (const name of ['a', 'b', 'c']) {
    assert.equal(await reader.lookup(sampleKey(name)), undefined)
    await ociLayerCache(around).store(sampleEntry(name), await sampleLayer(openStore(temporaryDirectory(t)), name))
    assert.ok(await reader.lookup(sampleKey(name)))
  }
})
