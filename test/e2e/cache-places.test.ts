import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { startRegistryProxy } from '../support/registry-proxy.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const newContext = (steps = 2): string => {
  const copies = Array.from({ length: steps }, (_, i) => `COPY source /to/${i}`)
  return makeContext(scene.directory, {
    Dockerfile: [`FROM ${scene.busybox}`, ...copies].join('\n'),
    source: `${scene.newDirectory()}\n`,
  })
}
const cached = (...more: readonly string[]): readonly string[] => {
  return ['--cache', '--cache-copy-layers', '--cache-dir', scene.newDirectory(), ...more]
}

test('layers come from a place of --cache-from and go to those of --cache-to, with nothing pushed', async () => {
  const context = newContext()
  const [layout, repository] = [join(scene.newDirectory(), 'layers'), `${host}/places/one`]
  const first = await scene.image({ context, args: cached('--cache-to', `type=local,dest=${layout}`) })
  assert.equal(cacheSummary(first.result).misses, 2)
  const from = [`--cache-from=type=local,src=${layout}`, `--cache-from=${host}/places/nothing`]
  const second = await scene.image({ context, args: cached(...from, `--cache-to=type=registry,ref=${repository}`) })
  assert.deepEqual(cacheSummary(second.result), { local: 0, remote: 2, misses: 0 })
  assert.equal(second.digest, first.digest)
})

test('--cache and --no-push need no registry for their layers', async () => {
  const [context, args] = [newContext(), cached()]
  const before = scene.registry.log().length
  await scene.image({ context, args })
  const again = await scene.image({ context, args })
  assert.deepEqual(cacheSummary(again.result), { local: 2, remote: 0, misses: 0 })
  assert.doesNotMatch(scene.registry.log().slice(before), /\/cache\//)
})

test('a layer that does not cost a second upload is mounted from the cache repository, wherever its bytes are', async () => {
  await using proxy = await startRegistryProxy(host)
  const context = newContext()
  const local = scene.newDirectory()
  const build = async (name: string, directory: string): Promise<readonly string[]> => {
    const before = proxy.requests.length
    const places = ['--cache-repo', `${proxy.host}/mounts/cache`, '--destination', `${proxy.host}/mounts/${name}:1`]
    await scene.image({
      context,
      args: ['--cache', '--cache-copy-layers', '--cache-dir', directory, '--insecure', ...places],
    })
    return proxy.requests.slice(before).filter((line) => line.includes(`/mounts/${name}/blobs/uploads/`))
  }
  const sent = (requests: readonly string[]): number => requests.filter((line) => !line.startsWith('POST')).length
  const mounts = (requests: readonly string[]): number => requests.filter((line) => line.includes('mount=')).length
  const base = await build('base', scene.newDirectory())
  // The layer of the base, and the configuration.
  const own = sent(base)
  for (const [name, directory] of [
    ['new', scene.newDirectory()],
    ['local', local],
    ['again', local],
  ] as const) {
    const requests = await build(name, directory)
    assert.ok(mounts(requests) >= 2, requests.join('\n'))
    assert.equal(sent(requests), own, requests.join('\n'))
  }
  rmSync(local, { recursive: true })
})

test('"none" leaves the cache repository alone, and the directory', async () => {
  const [context, directory, repository] = [newContext(), scene.newDirectory(), `${host}/places/left`]
  const build = async (...more: readonly string[]): Promise<ReturnType<typeof cacheSummary>> => {
    const args = ['--cache', '--cache-copy-layers', '--cache-dir', directory, '--cache-repo', repository, ...more]
    return cacheSummary((await scene.image({ context, args })).result)
  }
  assert.equal((await build('--cache-to=none')).misses, 2)
  assert.equal((await build('--cache-to=none')).misses, 2)
  assert.equal((await build('--cache-to=local')).misses, 2)
  assert.equal((await build('--cache-from=none')).misses, 2)
  assert.equal((await build('--cache-from=local')).local, 2)
})

test('what follows a miss may be a hit', async () => {
  const repository = `${host}/places/probing`
  const files = { a: '1\n', b: '1\n' }
  const lines = `FROM ${scene.busybox}\nCOPY --link a /\nCOPY --link b /\n`
  const context = makeContext(scene.directory, { Dockerfile: lines, ...files })
  await scene.image({ context, args: cached('--cache-to', repository) })
  const changed = makeContext(scene.directory, { Dockerfile: lines, ...files, a: '2\n' })
  const built = await scene.image({ context: changed, args: cached('--cache-from', repository) })
  assert.deepEqual(cacheSummary(built.result), { local: 0, remote: 1, misses: 1 })
})
