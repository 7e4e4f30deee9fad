import assert from 'node:assert/strict'
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { BlobStore } from '../../../src/content/blob-store.ts'
import { withFileLock } from '../../../src/content/file-lock.ts'
import { fetchLayer, type Layer } from '../../../src/image/layer.ts'
import { splitDigest } from '../../../src/oci/digest.ts'
import { parseRepository } from '../../../src/oci/reference.ts'
import { LayerFetcher } from '../../../warmer/layer-fetcher.ts'
import { testClient } from '../registry/test-client.ts'
import { makeImage, pushImage } from './publish.ts'
import { openWarmScene } from './scene.ts'

const { directory, proxy, registry, client } = await openWarmScene()

const quick = testClient({ policy: { retries: 0 } })
after(() => quick[Symbol.asyncDispose]())

function openStore(): BlobStore {
  return BlobStore.open(mkdtempSync(join(directory, 'store-')), { readOnly: false })
}

/** Layers that lie in a repository behind the proxy. */
async function remoteLayers(repository: string, ...files: readonly string[]): Promise<readonly Layer[]> {
  const image = await makeImage(directory, files)
  await pushImage(client, `${registry.host}/${repository}:1`, image)
  const place = { client: quick.client, repository: parseRepository(`${proxy.host}/${repository}`) }
  return image.layers.map(({ descriptor, diffID }) => ({ kind: 'remote', descriptor, diffID, ...place }))
}

function downloads(layer: Layer | undefined): number {
  return proxy.requests.filter((request) => request.endsWith(`/blobs/${layer?.descriptor.digest}`)).length
}

test('layers that are there are left alone, the others fetched', async () => {
  const store = openStore()
  const layers = await remoteLayers('some', 'a', 'b')
  assert.deepEqual(await new LayerFetcher({ store, check: false }).fetch(layers.slice(0, 1)), [layers[0]?.descriptor])
  assert.deepEqual(await new LayerFetcher({ store, check: false }).fetch(layers), [layers[1]?.descriptor])
  assert.deepEqual(await new LayerFetcher({ store, check: true }).fetch(layers), [])
  assert.deepEqual(layers.map(downloads), [1, 1])
  assert.deepEqual(globSync('locks/*', { cwd: store.directory }), [])
})

test('whoever asks while a layer is on its way waits for it, and has not transferred it', async () => {
  const layers = await remoteLayers('waited', 'waited')
  const fetcher = new LayerFetcher({ store: openStore(), check: false })
  const answers = await Promise.all([fetcher.fetch(layers), fetcher.fetch(layers), fetcher.fetch(layers)])
  assert.deepEqual(answers, [[layers[0]?.descriptor], [], []])
  assert.equal(downloads(layers[0]), 1)
})

test('a layer that one repository cannot give is fetched from the next one that has it', async () => {
  const [bad, good] = [await remoteLayers('bad', 'both'), await remoteLayers('good', 'both')]
  proxy.failNext(1000, (request) => request.startsWith('GET /v2/bad/blobs/'))
  const store = openStore()
  const fetcher = new LayerFetcher({ store, check: false })
  const outcomes = await Promise.allSettled([fetcher.fetch(bad), fetcher.fetch(good), fetcher.fetch(good)])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  )
  assert.equal(store.has(good[0]!.descriptor), true)
})

test('one layer that fails does not lose the others', async () => {
  const layers = await remoteLayers('half', 'left', 'right')
  const wrong: Layer = { ...layers[0]!, descriptor: { ...layers[0]!.descriptor, size: 7 } }
  const store = openStore()
  await assert.rejects(new LayerFetcher({ store, check: false }).fetch([wrong, layers[1]!]), { code: 'integrity' })
  assert.deepEqual(
    layers.map(({ descriptor }) => store.has(descriptor)),
    [false, true],
  )
})

test('a layer that somebody else is fetching is waited for, and not fetched twice', async () => {
  const [layer] = await remoteLayers('elsewhere', 'elsewhere')
  const store = openStore()
  const { algorithm, hex } = splitDigest(layer!.descriptor.digest)
  mkdirSync(join(store.directory, 'locks'))
  const lock = join(store.directory, 'locks', `${algorithm}-${hex}.lock`)
  const answer = await withFileLock(lock, async () => {
    const waiting = new LayerFetcher({ store, check: false }).fetch([layer!])
    await fetchLayer(layer!, store)
    return { waiting }
  })
  assert.deepEqual(await answer.waiting, [])
  assert.equal(downloads(layer), 1)
})

test('a lock that its owner died with is no obstacle', async () => {
  const [layer] = await remoteLayers('left', 'left-behind')
  const store = openStore()
  const { algorithm, hex } = splitDigest(layer!.descriptor.digest)
  mkdirSync(join(store.directory, 'locks'))
  const lock = join(store.directory, 'locks', `${algorithm}-${hex}.lock`)
  const mine = await withFileLock(lock, async () => readFileSync(lock, 'latin1'))
  // Above the largest process id the kernel gives out.
  writeFileSync(lock, mine.replace(/ [0-9]+ /, ' 4194305 '))
  assert.deepEqual(await new LayerFetcher({ store, check: false }).fetch([layer!]), [layer?.descriptor])
  assert.equal(existsSync(lock), false)
})

test('with check, a layer of the right size with wrong bytes is fetched again, once for all who ask', async () => {
  const layers = await remoteLayers('checked', 'checked')
  const store = openStore()
  await new LayerFetcher({ store, check: false }).fetch(layers)
  const path = store.pathOf(layers[0]!.descriptor.digest)
  const bytes = readFileSync(path)
  chmodSync(path, 0o644)
  writeFileSync(path, Buffer.from(bytes).fill(0, 20, 30))
  const fetcher = new LayerFetcher({ store, check: true })
  const answers = await Promise.all([fetcher.fetch(layers), fetcher.fetch(layers)])
  assert.deepEqual(answers, [[layers[0]?.descriptor], []])
  assert.deepEqual(readFileSync(path), bytes)
})

test('an abort is handed on', async () => {
  const layers = await remoteLayers('aborted', 'aborted')
  const fetcher = new LayerFetcher({ store: openStore(), check: true, signal: AbortSignal.abort(new Error('enough')) })
  await assert.rejects(fetcher.fetch(layers), /enough/)
})
