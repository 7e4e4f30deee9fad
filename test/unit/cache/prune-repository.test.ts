import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { PrunePolicy } from '../../../cache/prune-plan.ts'
import { type PruneRepositoryOptions, pruneRepository } from '../../../cache/prune-repository.ts'
import { remoteLayerCache } from '../../../cache/remote.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parseRepository } from '../../../src/oci/reference.ts'
import { type RegistryOptions, startRegistry } from '../../support/registry.ts'
import { temporaryDirectory } from '../content/support.ts'
import { pushImage, refusal } from '../registry/test-client.ts'
import { localClient } from './local-client.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleTime } from './samples.ts'

async function scene(t: TestContext, names: readonly string[], options: RegistryOptions = {}) {
  const registry = await startRegistry(options)
  t.after(() => registry.stop())
  const client = localClient(keptLog().log)
  t.after(() => client[Symbol.asyncDispose]())
  const repository = parseRepository(`${registry.host}/team/cache`)
  const cache = remoteLayerCache({ client, repository, ttlMs: hour, log: keptLog().log, now: () => sampleTime })
  const store = openStore(temporaryDirectory(t))
  for (const name of names) await cache.store(sampleEntry(name), await sampleLayer(store, name))
  const prune = (policy: PrunePolicy, more: Partial<PruneRepositoryOptions> = {}) => {
    return pruneRepository({ client, repository, policy, dryRun: false, ...more })
  }
  const tags = async () => {
    const all: string[] = []
    for await (const tag of client.tags(repository)) all.push(tag)
    return all.sort()
  }
  return { registry, client, repository, prune, tags }
}

const everything = { everything: true }

test('everything goes when everything is asked for, and a second prune finds nothing', async (t) => {
  const names = Array.from({ length: 7 }, (_, i) => `n${i}`)
  const { prune, tags } = await scene(t, names)
  assert.deepEqual(await tags(), names.map(sampleKey).sort())
  const { removals } = await prune(everything)
  assert.deepEqual(removals.map(({ item }) => item.name).sort(), names.map(sampleKey).sort())
  assert.deepEqual(await tags(), [])
  assert.deepEqual((await prune(everything)).removals, [])
})

test('only what is old enough or named goes, and a dry run deletes nothing', async (t) => {
  const { prune, tags } = await scene(t, ['a', 'b'])
  assert.deepEqual((await prune({ createdBefore: sampleTime })).removals, [])
  const named = { everything: true, matches: ({ title }: { title: string }) => title === 'COPY a /' }
  assert.equal((await prune(named, { dryRun: true })).removals.length, 1)
  assert.equal((await tags()).length, 2)
  assert.equal((await prune(named)).removals.length, 1)
  assert.deepEqual(await tags(), [sampleKey('b')])
  const [old] = (await prune({ createdBefore: new Date(sampleTime.getTime() + 1) })).removals
  assert.deepEqual([old?.item.name, old?.why], [sampleKey('b'), 'age'])
})

test('ordinary images stay, and entries that another tag or an index leads to', async (t) => {
  const { client, repository, registry, prune, tags } = await scene(t, ['a', 'b', 'c'])
  await pushImage(client, `${registry.host}/team/cache:app`)
  const { bytes, descriptor } = await client.manifest({ ...repository, tag: sampleKey('a') })
  await client.pushManifest({ ...repository, tag: 'kept' }, bytes, { mediaType: descriptor.mediaType })
  const child = (await client.manifest({ ...repository, tag: sampleKey('b') })).descriptor
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [{ ...child, platform: { os: 'linux', architecture: 'amd64' } }],
    }),
  )
  await client.pushManifest({ ...repository, tag: 'multi' }, index, { mediaType: mediaTypes.ociIndex })
  const { removals, inUse } = await prune(everything)
  assert.deepEqual(
    removals.map(({ item }) => item.name),
    [sampleKey('c')],
  )
  assert.deepEqual(inUse.map(({ name }) => name).sort(), [sampleKey('a'), sampleKey('b')].sort())
  assert.deepEqual(await tags(), ['app', 'kept', 'multi', sampleKey('a'), sampleKey('b')].sort())
})

test('a damaged entry is named, and goes with everything only', async (t) => {
  const { client, repository, registry, prune, tags } = await scene(t, ['a'])
  await pushImage(client, `${registry.host}/team/cache:${sampleKey('b')}`)
  const { bytes } = await client.manifest({ ...repository, tag: sampleKey('a') })
  const hex = JSON.parse(Buffer.from(bytes).toString()).config.digest.slice('sha256:'.length)
  rmSync(join(registry.directory, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex), { recursive: true })
  const some = await prune({ createdBefore: new Date() })
  assert.deepEqual([some.removals.length, some.damaged.length], [0, 2])
  const all = await prune(everything)
  assert.deepEqual([all.removals.length, all.damaged.length], [2, 2])
  assert.deepEqual(await tags(), [])
})

test('a registry that does not delete is an error that says what it needs', async (t) => {
  const { prune, tags, registry } = await scene(t, ['a'], { keepsAll: true })
  const host = new RegExp(registry.host)
  await assert.rejects(prune(everything), refusal('registry-refused', host, /storage\.delete\.enabled/, /UNSUPPORTED/))
  assert.deepEqual(await tags(), [sampleKey('a')])
})

test('a repository that does not exist is an error that names it', async (t) => {
  const { prune } = await scene(t, [])
  await assert.rejects(prune(everything), refusal('registry-not-found', /team\/cache/))
})
