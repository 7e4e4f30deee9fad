import assert from 'node:assert/strict'
import { chmodSync, existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Digest } from '../../../src/oci/digest.ts'
import { formatReference, parseReference } from '../../../src/oci/reference.ts'
import { skopeo } from '../../support/image-tree.ts'
import { damagedBlobs } from '../content/support.ts'
import { testClient } from '../registry/test-client.ts'
import { amd64, arm64, makeImage, pushImage, pushIndex } from './publish.ts'
import { kinds, openCache, openWarmScene, wanted, warmDirectory } from './scene.ts'

const { directory, proxy, registry, client } = await openWarmScene()
const hour = 3600_000
const noon = new Date('2026-03-01T12:00:00Z')
const later = new Date(noon.getTime() + 3 * hour)

function newCache(): string {
  return join(mkdtempSync(join(directory, 'cache-')), 'new')
}

/** Pushes an image of these files; gives the name it has behind the proxy, and its digest. */
async function publish(name: string, ...files: readonly string[]): Promise<{ name: string; digest: Digest }> {
  const digest = await pushImage(client, `${registry.host}/${name}`, await makeImage(directory, files))
  return { name: `${proxy.host}/${name}`, digest }
}

/** What was asked for while a task ran. */
async function requestsOf(task: () => Promise<unknown>): Promise<readonly string[]> {
  const before = proxy.requests.length
  await task()
  return proxy.requests.slice(before).filter((request) => request !== 'GET /v2/')
}

test('a warmed image is a whole image that skopeo reads', async () => {
  const cache = newCache()
  const { name, digest } = await publish('whole:1', 'one', 'two')
  const [result] = await warmDirectory(cache, wanted(name))
  assert.ok(result?.kind === 'warmed')
  assert.deepEqual([result.manifest.digest, result.transferred.length], [digest, 2])
  const seen = JSON.parse(await skopeo(['inspect', `oci:${cache}:${name}`]))
  assert.deepEqual([seen.Digest, seen.Labels.files, seen.Layers.length], [digest, 'one two', 2])
  await skopeo(['copy', '--quiet', `oci:${cache}:${name}`, `docker-archive:${join(directory, 'whole.tar')}:whole:1`])
  assert.deepEqual(damagedBlobs(cache), [])
  assert.equal(readdirSync(join(cache, 'blobs/sha256')).length, 4)
})

test('what is warm and fresh costs no request', async () => {
  const cache = newCache()
  const { name } = await publish('fresh:1', 'fresh')
  await warmDirectory(cache, wanted(name), { ttlMs: hour, now: noon })
  const requests = await requestsOf(async () => {
    assert.deepEqual(kinds(await warmDirectory(cache, wanted(name), { ttlMs: hour, now: noon })), ['present'])
  })
  assert.deepEqual(requests, [])
})

test('a digest never expires, whether of a manifest or of an index', async () => {
  const cache = newCache()
  const { name, digest } = await publish('pinned:1', 'pinned')
  const index = await pushIndex(client, `${registry.host}/pinned-index:1`, [
    [amd64, await makeImage(directory, ['indexed'])],
  ])
  const both = wanted(`${name}@${digest}`, `${proxy.host}/pinned-index@${index}`)
  assert.deepEqual(kinds(await warmDirectory(cache, both, { ttlMs: 0, now: noon })), ['warmed', 'warmed'])
  const requests = await requestsOf(async () => {
    assert.deepEqual(kinds(await warmDirectory(cache, both, { ttlMs: 0, now: later })), ['present', 'present'])
  })
  assert.deepEqual(requests, [])
})

test('an expired tag that still means the same costs one HEAD, and is fresh again', async () => {
  const cache = newCache()
  const { name, digest } = await publish('steady:1', 'steady')
  await warmDirectory(cache, wanted(name), { ttlMs: hour, now: noon })
  const requests = await requestsOf(async () => {
    const [result] = await warmDirectory(cache, wanted(name), { ttlMs: hour, now: later })
    assert.ok(result?.kind === 'refreshed')
    assert.deepEqual([result.manifest.digest, result.previous, result.transferred], [digest, undefined, []])
  })
  assert.deepEqual(requests, ['HEAD /v2/steady/manifests/1'])
  const status = await openCache(cache, { ttlMs: hour, now: later }).images.status(parseReference(name), amd64)
  assert.deepEqual([status?.expired, status?.resolvedAt], [false, later])
})

test('an expired tag that moved is fetched anew, and only what is new of it', async () => {
  const cache = newCache()
  const old = await publish('moving:1', 'shared', 'old')
  await warmDirectory(cache, wanted(old.name), { ttlMs: hour, now: noon })
  const next = await publish('moving:1', 'shared', 'next')
  const requests = await requestsOf(async () => {
    const [result] = await warmDirectory(cache, wanted(old.name), { ttlMs: hour, now: later })
    assert.ok(result?.kind === 'refreshed')
    assert.deepEqual([result.manifest.digest, result.previous, result.transferred.length], [next.digest, old.digest, 1])
  })
  assert.equal(requests.filter((request) => request.includes('/blobs/')).length, 2, 'configuration and one layer')
  const { images } = openCache(cache, { ttlMs: hour, now: later })
  assert.equal((await images.find(parseReference(old.name), amd64))?.digest, next.digest)
  assert.equal((await images.find(parseReference(`${proxy.host}/moving@${old.digest}`), amd64))?.digest, old.digest)
})

test('with force the registry is asked again, and layers that are there and whole are not sent', async () => {
  const cache = newCache()
  const { name } = await publish('forced:1', 'forced')
  await warmDirectory(cache, wanted(name))
  const requests = await requestsOf(async () => {
    const [result] = await warmDirectory(cache, wanted(name), { force: true })
    assert.ok(result?.kind === 'refreshed')
    assert.equal(result.transferred.length, 0)
  })
  assert.ok(requests.includes('GET /v2/forced/manifests/1'))
})

test('with force a layer whose bytes changed on the disk is fetched again', async () => {
  const cache = newCache()
  const { name } = await publish('damaged:1', 'damaged', 'sound')
  await warmDirectory(cache, wanted(name))
  const [layer] = (await makeImage(directory, ['damaged'])).layers
  const path = openCache(cache).images.store.pathOf(layer!.descriptor.digest)
  const bytes = readFileSync(path)
  chmodSync(path, 0o644)
  writeFileSync(path, bytes.fill(0, 20, 30))
  assert.deepEqual(kinds(await warmDirectory(cache, wanted(name))), ['present'], 'sizes alone are looked at')
  const [result] = await warmDirectory(cache, wanted(name), { force: true })
  assert.ok(result?.kind === 'refreshed')
  assert.deepEqual(
    result.transferred.map(({ digest }) => digest),
    [layer?.descriptor.digest],
  )
  assert.deepEqual(damagedBlobs(cache), [])
})

test('an image with a missing layer is no longer warm, and becomes so again', async () => {
  const cache = newCache()
  const { name } = await publish('holey:1', 'hole', 'whole')
  await warmDirectory(cache, wanted(name))
  const [layer] = (await makeImage(directory, ['hole'])).layers
  const { store } = openCache(cache).images
  rmSync(store.pathOf(layer!.descriptor.digest))
  const [result] = await warmDirectory(cache, wanted(name))
  assert.ok(result?.kind === 'warmed')
  assert.equal(result.transferred.length, 1)
  assert.equal(store.has(layer!.descriptor), true)
})

test('one image that fails stops no other, and says why', async () => {
  const cache = newCache()
  const { name } = await publish('good:1', 'good')
  const images = wanted(`${proxy.host}/missing:1`, name, '127.0.0.1:1/nowhere:1')
  const told: string[] = []
  const onResult = (result: { kind: string }): void => void told.push(result.kind)
  const [missing, good, nowhere] = await warmDirectory(cache, images, { onResult })
  assert.ok(missing?.kind === 'failed' && good?.kind === 'warmed' && nowhere?.kind === 'failed')
  assert.equal(missing.error.code, 'registry-not-found')
  assert.match(missing.error.message, /missing:1/)
  assert.equal(nowhere.error.code, 'registry-unreachable')
  assert.deepEqual(told.sort(), ['failed', 'failed', 'warmed'])
  assert.equal(JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8')).manifests.length, 1)
})

test('an image that breaks off is not listed, keeps its good layers, and is completed the next time', async () => {
  const cache = newCache()
  const { name } = await publish('broken:1', 'broken', 'fine')
  const [broken, fine] = (await makeImage(directory, ['broken', 'fine'])).layers
  proxy.cutNext(1, (request) => request === `GET /v2/broken/blobs/${broken?.descriptor.digest}`)
  const [failed] = await warmDirectory(cache, wanted(name))
  assert.ok(failed?.kind === 'failed')
  assert.equal(await openCache(cache).images.status(parseReference(name), amd64), undefined)
  assert.equal(existsSync(join(cache, 'index.json')), false)
  assert.deepEqual(globSync('**/*.{tmp,lock}', { cwd: cache }), [])
  const { store } = openCache(cache).images
  assert.deepEqual([store.has(broken!.descriptor), store.has(fine!.descriptor)], [false, true])
  const [completed] = await warmDirectory(cache, wanted(name))
  assert.ok(completed?.kind === 'warmed')
  assert.deepEqual(completed.transferred, [broken?.descriptor])
})

test('a layer that several images share is transferred once, also when they are warmed side by side', async () => {
  const cache = newCache()
  const names = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((one) => publish(`shares-${one}:1`, 'common', one)),
  )
  const requests = await requestsOf(async () => {
    const results = await warmDirectory(cache, wanted(...names.map(({ name }) => name)))
    assert.deepEqual(new Set(kinds(results)), new Set(['warmed']))
  })
  const [common] = (await makeImage(directory, ['common'])).layers
  assert.equal(requests.filter((request) => request.endsWith(`/blobs/${common?.descriptor.digest}`)).length, 1)
})

test('the image of the platform that was asked for is chosen, and one nobody has is named', async () => {
  const cache = newCache()
  const images = [
    [amd64, await makeImage(directory, ['for-amd64'])],
    [arm64, await makeImage(directory, ['for-arm64'], arm64)],
  ] as const
  await pushIndex(client, `${registry.host}/both:1`, images)
  const [one] = wanted(`${proxy.host}/both:1`)
  const s390x = { os: 'linux', architecture: 's390x' }
  const results = await warmDirectory(
    cache,
    [amd64, arm64, s390x].map((platform) => ({ ...one!, platform })),
  )
  assert.deepEqual(kinds(results), ['warmed', 'warmed', 'failed'])
  const { images: warm } = openCache(cache)
  for (const [platform, image] of images) {
    assert.deepEqual((await warm.find(one!.reference, platform))?.digest, image.manifestDescriptor.digest)
  }
  const [, , failed] = results
  assert.ok(failed?.kind === 'failed')
  assert.match(`${failed.error.message} ${failed.error.why}`, /linux\/s390x .*linux\/amd64, linux\/arm64/)
})

test('what is to be transferred is said before, and an only image of another platform warned about', async () => {
  const cache = newCache()
  const { name } = await publish('only:1', 'only', 'second')
  const lines: string[] = []
  const [one] = wanted(name)
  await warmDirectory(cache, [one!], { lines })
  assert.deepEqual(lines.length, 1)
  assert.match(lines[0] ?? '', /^INFO .*only:1 \(linux\/amd64\): 2 layers of [\d.]+ kB to transfer$/)
  lines.length = 0
  await warmDirectory(cache, [{ ...one!, platform: arm64 }], { lines })
  assert.deepEqual(lines, [`WARN ${name} (linux/arm64): there is only one image, and it is for linux/amd64`])
})

test('an image of a layout is warmed without any registry, and again when the layout changes', async () => {
  const cache = newCache()
  const layout = join(mkdtempSync(join(directory, 'layout-')), 'l')
  const copy = (name: string): Promise<string> =>
    skopeo(['copy', '--quiet', '--src-tls-verify=false', `docker://${name}`, `oci:${layout}:team/app:1`])
  const first = await publish('layout:1', 'first')
  await copy(first.name)
  const images = wanted(`oci:${layout}:team/app:1`)
  const requests = await requestsOf(async () => {
    assert.deepEqual(kinds(await warmDirectory(cache, images)), ['warmed'])
    assert.deepEqual(kinds(await warmDirectory(cache, images)), ['present'])
  })
  assert.deepEqual(requests, [])
  assert.equal((await openCache(cache).images.find(parseReference('team/app:1'), amd64))?.digest, first.digest)
  const second = await publish('layout:2', 'second')
  await copy(second.name)
  const [changed] = await warmDirectory(cache, images)
  assert.ok(changed?.kind === 'refreshed')
  assert.deepEqual([changed.manifest.digest, changed.previous], [second.digest, first.digest])
})

test('an index in a layout is warmed as the image of the platform', async () => {
  const cache = newCache()
  const layout = join(mkdtempSync(join(directory, 'layout-')), 'l')
  const arm = await makeImage(directory, ['arm-of-layout'], arm64)
  await pushIndex(client, `${registry.host}/listed:1`, [
    [amd64, await makeImage(directory, ['x'])],
    [arm64, arm],
  ])
  await skopeo([
    'copy',
    '--all',
    '--quiet',
    '--src-tls-verify=false',
    `docker://${registry.host}/listed:1`,
    `oci:${layout}:l:1`,
  ])
  const [one] = wanted(`oci:${layout}:l:1`)
  const s390x = { os: 'linux', architecture: 's390x' }
  const [result, failed] = await warmDirectory(cache, [
    { ...one!, platform: arm64 },
    { ...one!, platform: s390x },
  ])
  assert.ok(result?.kind === 'warmed' && failed?.kind === 'failed')
  assert.equal(result.manifest.digest, arm.manifestDescriptor.digest)
  assert.equal(failed.error.code, 'platform-missing')
})

test('a layout that lacks the image, or is none, is a clear failure', async () => {
  const layout = mkdtempSync(join(directory, 'layout-'))
  const [none] = await warmDirectory(newCache(), wanted(`oci:${layout}:a:1`))
  assert.ok(none?.kind === 'failed')
  assert.deepEqual([none.error.code, none.error.where], ['image-missing', 'index.docker.io/library/a:1'])
  assert.match(none.error.message, new RegExp(`${layout} has no image called a:1`))
  writeFileSync(join(layout, 'index.json'), '{')
  const [damaged] = await warmDirectory(newCache(), wanted(`oci:${layout}:a:1`))
  assert.ok(damaged?.kind === 'failed')
  assert.equal(damaged.error.where, join(layout, 'index.json'))
})

test('an abort ends everything with its own reason, and no failure is reported for it', async () => {
  const { name } = await publish('aborted:1', 'aborted')
  const controller = new AbortController()
  const reason = new Error('enough')
  proxy.failNext(1, (request) => {
    if (request.startsWith('GET /v2/aborted/manifests/')) controller.abort(reason)
    return false
  })
  const told: string[] = []
  const options = { signal: controller.signal, onResult: (result: { kind: string }) => void told.push(result.kind) }
  const cache = newCache()
  await assert.rejects(warmDirectory(cache, wanted(name, name.replace(':1', ':2')), options), reason)
  assert.deepEqual(told, [])
  assert.equal(existsSync(join(cache, 'index.json')), false)
})

test('the reference that was asked for is the name in the layout, with tag and digest as given', async () => {
  const cache = newCache()
  const { name, digest } = await publish('named:1', 'named')
  await using quick = testClient()
  await warmDirectory(cache, wanted(name, `${name}@${digest}`), { client: quick.client })
  const index = JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8'))
  const names = index.manifests.map(
    (one: { annotations: Record<string, string> }) => one.annotations['org.opencontainers.image.ref.name'],
  )
  assert.deepEqual(names.sort(), [formatReference(parseReference(name)), `${name}@${digest}`].sort())
})
