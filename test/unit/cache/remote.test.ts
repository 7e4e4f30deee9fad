import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { request as ask } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cacheImageOf } from '../../../cache/cache-image.ts'
import { type CacheKey, storedRecord } from '../../../cache/key.ts'
import type { LayerCache } from '../../../cache/layer-cache.ts'
import { localLayerCache } from '../../../cache/local.ts'
import { remoteLayerCache } from '../../../cache/remote.ts'
import { tieredLayerCache } from '../../../cache/tiered.ts'
import { fetchLayer, openLayer } from '../../../src/image/layer.ts'
import { type DiffID, type Digest, digestOf } from '../../../src/oci/digest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parseRepository, type Reference } from '../../../src/oci/reference.ts'
import type { RegistryClient } from '../../../src/registry/registry-client.ts'
import { bytesOf, collect } from '../../../src/stream/bytes.ts'
import { startHttpServer } from '../../support/http-server.ts'
import { type RegistryOptions, type RunningRegistry, startRegistry } from '../../support/registry.ts'
import { temporaryDirectory } from '../content/support.ts'
import { localClient } from './local-client.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleTime } from './samples.ts'

interface Remote {
  readonly registry: RunningRegistry
  readonly client: RegistryClient
  readonly repository: Reference
  open(kept?: ReturnType<typeof keptLog>): LayerCache
}

async function startRemote(t: TestContext, options: RegistryOptions = {}): Promise<Remote> {
  const registry = await startRegistry(options)
  t.after(() => registry.stop())
  const client = localClient(keptLog().log)
  t.after(() => client[Symbol.asyncDispose]())
  const repository = parseRepository(`${registry.host}/team/cache`)
  const open = (kept = keptLog()): LayerCache => {
    return remoteLayerCache({ client, repository, ttlMs: hour, log: kept.log, now: () => sampleTime })
  }
  return { registry, client, repository, open }
}

async function pushed(t: TestContext, remote: Remote, name: string): Promise<Awaited<ReturnType<typeof sampleLayer>>> {
  const layer = await sampleLayer(openStore(temporaryDirectory(t)), name)
  await remote.open().store(sampleEntry(name), layer)
  return layer
}

function blobInRegistry(registry: RunningRegistry, digest: Digest): string {
  const hex = digest.slice('sha256:'.length)
  return join(registry.directory, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
}

test('an entry is an ordinary image that skopeo can inspect and copy', async (t) => {
  const remote = await startRemote(t)
  const layer = await pushed(t, remote, 'a')
  const source = `docker://${remote.registry.host}/team/cache:${sampleKey('a')}`
  const seen = JSON.parse(execFileSync('skopeo', ['inspect', '--tls-verify=false', source], { encoding: 'utf8' }))
  assert.deepEqual([seen.Os, seen.Architecture, seen.Layers], ['linux', 'amd64', [layer.descriptor.digest]])
  const target = `docker://${remote.registry.host}/mirror/cache:${sampleKey('a')}`
  execFileSync('skopeo', ['copy', '--src-tls-verify=false', '--dest-tls-verify=false', source, target], {
    stdio: 'pipe',
  })
  const mirror = { ...remote, repository: parseRepository(`${remote.registry.host}/mirror/cache`) }
  const { client, repository } = mirror
  const cache = remoteLayerCache({ client, repository, ttlMs: hour, log: keptLog().log, now: () => sampleTime })
  const hit = await cache.lookup(sampleKey('a'))
  assert.deepEqual(await collect(openLayer(hit!.layer), 10_000), await collect(openLayer(layer), 10_000))
})

test('a hit transfers no layer until it is opened', async (t) => {
  const remote = await startRemote(t)
  const layer = await pushed(t, remote, 'a')
  const hit = await remote.open().lookup(sampleKey('a'))
  const blob = `/blobs/${layer.descriptor.digest}`
  assert.deepEqual(await requests(remote, 'GET', blob), [])
  await collect(openLayer(hit!.layer), 10_000)
  assert.equal((await requests(remote, 'GET', blob)).length, 1)
})

test('a layer that is stored again is not uploaded again', async (t) => {
  const remote = await startRemote(t)
  const layer = await pushed(t, remote, 'a')
  const uploads = await requests(remote, 'POST', '/uploads/')
  assert.equal(uploads.length, 2)
  await remote.open().store(sampleEntry('a'), layer)
  assert.deepEqual(await requests(remote, 'POST', '/uploads/'), uploads)
})

test('a layer of the registry gets another key there and in the local tier, and is not transferred for it', async (t) => {
  const remote = await startRemote(t)
  const layer = await pushed(t, remote, 'a')
  const directory = temporaryDirectory(t)
  const around = { ttlMs: hour, log: keptLog().log, now: () => sampleTime }
  const local = localLayerCache({ directory, store: openStore(directory), readOnly: false, ...around })
  const cache = tieredLayerCache({ local, remotes: [{ cache: remote.open(), read: true, write: true }] })
  const found = await cache.lookup(sampleKey('a'))
  assert.equal(found?.layer.kind, 'remote')
  await cache.store({ ...sampleEntry('b'), content: sampleKey('a') }, found.layer)
  await cache.close()
  assert.deepEqual(await requests(remote, 'GET', `/blobs/${layer.descriptor.digest}`), [])
  const again = await remote.open().lookup(sampleKey('b'))
  assert.deepEqual([again?.layer.diffID, again?.content], [layer.diffID, sampleKey('a')])
  assert.equal(await local.lookup(sampleKey('b')), undefined, 'its bytes are not here yet')
  await fetchLayer(found.layer, openStore(directory))
  assert.equal((await local.lookup(sampleKey('b')))?.content, sampleKey('a'))
})

/** Pushes an image under a key whose documents are `change`d from the right ones. */
async function pushForged(
  t: TestContext,
  remote: Remote,
  forge: Partial<Parameters<typeof cacheImageOf>[0]>,
): Promise<void> {
  const { client, repository } = remote
  const layer = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  const { descriptor, diffID } = layer
  const entry = sampleEntry('a')
  const image = cacheImageOf({ ...entry, record: storedRecord(entry.record), layer: descriptor, diffID, ...forge })
  await client.pushBlob(repository, descriptor, { open: () => openLayer(layer) })
  await client.pushBlob(repository, image.config, { open: () => bytesOf(image.configBytes) })
  const tag = { ...repository, tag: entry.key }
  await client.pushManifest(tag, image.manifestBytes, { mediaType: image.manifest.mediaType })
}

for (const [what, forge] of [
  ['whose record belongs to another key', { record: storedRecord(sampleEntry('b').record) }],
  ['that says it is the one of another key', { key: sampleKey('b') as CacheKey }],
  ['that expired', { created: new Date(sampleTime.getTime() - hour - 1) }],
] as const) {
  test(`an entry ${what} is a miss, and the next ones are still asked for`, async (t) => {
    const remote = await startRemote(t)
    await pushForged(t, remote, forge)
    await pushed(t, remote, 'c')
    const cache = remote.open()
    assert.equal(await cache.lookup(sampleKey('a')), undefined)
    assert.ok(await cache.lookup(sampleKey('c')))
  })
}

test('a configuration whose diffID or layer is not the one of its entry is a miss', async (t) => {
  const remote = await startRemote(t)
  const { client, repository } = remote
  const layer = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  const entry = sampleEntry('a')
  const stored = { ...entry, record: storedRecord(entry.record), layer: layer.descriptor, diffID: layer.diffID }
  const right = cacheImageOf(stored)
  const text = Buffer.from(right.configBytes).toString()
  const wrongDiffID = text.replace(
    `"diff_ids":["${layer.diffID}"]`,
    `"diff_ids":["${digestOf('x') as string as DiffID}"]`,
  )
  const wrongLayer = text.replace(layer.descriptor.digest, digestOf('another layer'))
  await client.pushBlob(repository, layer.descriptor, { open: () => openLayer(layer) })
  for (const forged of [wrongDiffID, wrongLayer, '{}', 'not JSON']) {
    assert.notEqual(forged, text)
    const bytes = Buffer.from(forged)
    const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(bytes), size: bytes.byteLength }
    const manifest = Buffer.from(right.manifestBytes)
      .toString()
      .replace(JSON.stringify(right.config), JSON.stringify(config))
    await client.pushBlob(repository, config, { open: () => bytesOf(bytes) })
    await client.pushManifest({ ...repository, tag: entry.key }, Buffer.from(manifest), {
      mediaType: mediaTypes.ociManifest,
    })
    const kept = keptLog()
    assert.equal(await remote.open(kept).lookup(entry.key), undefined)
    assert.equal(kept.warnings().length, 1)
  }
})

test('an entry whose layer the registry has lost is a miss', async (t) => {
  const remote = await startRemote(t)
  const layer = await pushed(t, remote, 'a')
  rmSync(blobInRegistry(remote.registry, layer.descriptor.digest))
  assert.equal(await remote.open().lookup(sampleKey('a')), undefined)
})

test('a layer that the registry serves damaged is never taken for good', async (t) => {
  const remote = await startRemote(t)
  const layer = await pushed(t, remote, 'a')
  const path = blobInRegistry(remote.registry, layer.descriptor.digest)
  const bytes = readFileSync(path)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  writeFileSync(path, bytes)
  const hit = await remote.open().lookup(sampleKey('a'))
  await assert.rejects(collect(openLayer(hit!.layer), 10_000))
  truncateSync(path, 1000)
  await assert.rejects(collect(openLayer(hit!.layer), 10_000))
})

test('a registry that refuses pushes is one warning, and is still read', async (t) => {
  const directory = temporaryDirectory(t)
  const writable = await startRemote(t, { directory })
  await pushed(t, writable, 'a')
  await writable.registry.stop()
  const remote = await startRemote(t, { directory, readOnly: true })
  const kept = keptLog()
  const cache = remote.open(kept)
  const layer = await sampleLayer(openStore(temporaryDirectory(t)), 'b')
  await cache.store(sampleEntry('b'), layer)
  await cache.store(sampleEntry('c'), layer)
  assert.equal(kept.warnings().length, 1, kept.warnings().join('\n'))
  assert.match(kept.warnings()[0] ?? '', /team\/cache cannot be written, the build goes on without/)
  assert.ok(await cache.lookup(sampleKey('a')))
})

test('a registry that wants a password is one warning', async (t) => {
  const remote = await startRemote(t, { auth: { username: 'user', password: 'secret' } })
  const kept = keptLog()
  const cache = remote.open(kept)
  const layer = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  for (const name of ['a', 'b', 'c']) {
    assert.equal(await cache.lookup(sampleKey(name)), undefined)
    await cache.store(sampleEntry(name), layer)
  }
  assert.equal(kept.warnings().length, 1, kept.warnings().join('\n'))
})

test('a registry that is gone is asked once, and the local tier works on', async (t) => {
  const remote = await startRemote(t)
  await remote.registry.stop()
  const kept = keptLog()
  const directory = temporaryDirectory(t)
  const store = openStore(directory)
  const local = localLayerCache({
    directory,
    store,
    ttlMs: hour,
    readOnly: false,
    log: kept.log,
    now: () => sampleTime,
  })
  const cache = tieredLayerCache({ local, remotes: [{ cache: remote.open(kept), read: true, write: true }] })
  for (const name of ['a', 'b', 'c']) {
    assert.equal(await cache.lookup(sampleKey(name)), undefined)
    await cache.store(sampleEntry(name), await sampleLayer(store, name))
    assert.equal((await cache.lookup(sampleKey(name)))?.tier, 'local')
  }
  await cache.close()
  assert.equal(kept.warnings().length, 1, kept.warnings().join('\n'))
  assert.equal(readdirSync(join(directory, 'entries')).length, 3)
  assert.ok(existsSync(join(directory, 'index')))
})

/** The lines of the registry's access log about requests of that kind, once everything asked so far is in it. */
async function requests(remote: Remote, method: string, path: string): Promise<readonly string[]> {
  const marker = parseRepository(`${remote.registry.host}/marker/m${Math.random().toString(36).slice(2)}`)
  await remote.client.hasBlob(marker, digestOf('nothing'))
  const deadline = Date.now() + 5000
  while (!remote.registry.log().includes(`/v2/${marker.repository}/`)) {
    assert.ok(Date.now() < deadline, 'the registry writes no access log')
    await sleep(10)
  }
  return accessLines(remote.registry.log()).filter((line) => line.includes(`"${method} `) && line.includes(path))
}

/** Lines of the access log only: the registry's own log names the same requests again. */
function accessLines(log: string): readonly string[] {
  return log.split('\n').filter((line) => /^127\.0\.0\.1 /.test(line))
}

test('a registry that takes questions and never answers is given up, for all questions at once', async () => {
  await using server = await startHttpServer(() => {})
  const kept = keptLog()
  await using client = localClient(kept.log)
  const repository = parseRepository(`${server.host}/team/cache`)
  const about = { client, repository, ttlMs: hour, log: kept.log, now: () => sampleTime, patienceMs: 200 }
  const cache = remoteLayerCache(about)
  const names = ['a', 'b', 'c']
  assert.deepEqual(await Promise.all(names.map((name) => cache.lookup(sampleKey(name)))), [
    undefined,
    undefined,
    undefined,
  ])
  const asked = server.requests.length
  assert.equal(await cache.lookup(sampleKey('d')), undefined)
  assert.equal(server.requests.length, asked, 'not asked again')
  assert.equal(kept.warnings().length, 1)
  assert.match(kept.warnings()[0] ?? '', /cannot be read, the build goes on without/)
})

test('a miss costs one request, a hit three; questions asked at once are on their way at once', async (t) => {
  const remote = await startRemote(t)
  const names = Array.from({ length: 20 }, (_, i) => `step-${i}`)
  for (const name of names.slice(0, 10)) await pushed(t, remote, name)
  let [now, most] = [0, 0]
  await using proxy = await startHttpServer((request, response) => {
    if (request.url?.includes('/manifests/')) {
      now += 1
      most = Math.max(most, now)
    }
    setTimeout(() => {
      if (request.url?.includes('/manifests/')) now -= 1
      const onward = ask(`http://${remote.registry.host}${request.url}`, {
        method: request.method,
        headers: request.headers,
      })
      onward.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      request.pipe(onward)
    }, 200)
  })
  const repository = parseRepository(`${proxy.host}/team/cache`)
  const { client } = remote
  const cache = remoteLayerCache({ client, repository, ttlMs: hour, log: keptLog().log, now: () => sampleTime })
  await cache.lookup(sampleKey('other'))
  const before = proxy.requests.length
  const started = performance.now()
  const found = await Promise.all(names.map((name) => cache.lookup(sampleKey(name))))
  t.diagnostic(`20 questions at 200 ms: ${(performance.now() - started).toFixed(0)} ms, ${most} at once`)
  assert.equal(found.filter((hit) => hit !== undefined).length, 10)
  assert.equal(proxy.requests.length - before, 10 * 3 + 10)
  assert.equal(most, names.length)
})

test('a question does not wait for layers that are on their way', async (t) => {
  const remote = await startRemote(t)
  await pushed(t, remote, 'a')
  await using client = localClient(keptLog().log, () => new Promise(() => {}))
  const { repository } = remote
  const cache = remoteLayerCache({ client, repository, ttlMs: hour, log: keptLog().log, now: () => sampleTime })
  assert.equal((await cache.lookup(sampleKey('a')))?.tier, 'remote')
})
