import assert from 'node:assert/strict'
import { globSync, readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const dockerfile = `
FROM ${scene.busybox} AS build
WORKDIR /work
COPY source ./source
RUN cat source > compiled && echo compiled
FROM ${scene.busybox}
RUN echo ready > /ready
COPY --from=build /work/compiled /bin/compiled
CMD ["cat", "/bin/compiled"]
`
const newContext = (): string =>
  makeContext(scene.directory, { Dockerfile: dockerfile, source: 'source\n', unused: 'x' })
const cached = (directory: string, ...more: string[]): readonly string[] => [
  '--cache',
  '--cache-copy-layers',
  '--cache-dir',
  directory,
  ...more,
]

test('the second build takes every step from the local directory and makes the same image', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  const first = await scene.image({ context, args: cached(directory) })
  assert.deepEqual(cacheSummary(first.result), { local: 0, remote: 0, misses: 5 })
  const second = await scene.image({ context, args: cached(directory) })
  assert.deepEqual(cacheSummary(second.result).misses, 0)
  assert.ok(cacheSummary(second.result).local > 0)
  assert.equal(second.digest, first.digest)
})

test('a fully cached build reads no layer of its base', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  const { layers } = await scene.image({ context, args: cached(directory) })
  const before = scene.registry.log().length
  const again = await scene.attempt({ context, args: [...cached(directory), '--no-push'] })
  assert.equal(again.code, 0, again.stderr)
  const requests = scene.registry.log().slice(before)
  assert.match(requests, /(?:GET|HEAD) \/v2\/busybox\/manifests\/1/)
  assert.equal(requests.includes(`/v2/busybox/blobs/${layers[0]}`), false)
})

test('an empty local directory is filled from the cache repository', async () => {
  const [context, repository] = [newContext(), `${host}/cache/tiered`]
  const [one, other] = [scene.newDirectory(), scene.newDirectory()]
  const first = await scene.image({ context, args: cached(one, '--cache-repo', repository) })
  assert.equal(cacheSummary(first.result).misses, 5)
  const second = await scene.image({ context, args: cached(other, '--cache-repo', repository) })
  assert.equal(cacheSummary(second.result).misses, 0)
  assert.ok(cacheSummary(second.result).remote > 0)
  assert.equal(second.digest, first.digest)
  const third = await scene.image({ context, args: cached(other) })
  assert.deepEqual([cacheSummary(third.result).remote, cacheSummary(third.result).misses], [0, 0])
  assert.equal(third.digest, first.digest)
})

test('the cache repository alone gives a whole image', async () => {
  const [context, repository] = [newContext(), `${host}/cache/alone`]
  const first = await scene.image({ context, args: cached(scene.newDirectory(), '--cache-repo', repository) })
  const second = await scene.image({ context, args: cached(scene.newDirectory(), '--cache-repo', repository) })
  assert.equal(second.digest, first.digest)
  assert.deepEqual(await second.tree(), await first.tree())
})

test('the cache repository defaults to "cache" below the first destination', async () => {
  const [context, destination] = [newContext(), `${host}/team/inferred:1`]
  await scene.image({ context, args: [...cached(scene.newDirectory()), '--destination', destination] })
  const again = await scene.image({ context, args: [...cached(scene.newDirectory()), '--destination', destination] })
  assert.equal(cacheSummary(again.result).misses, 0)
  assert.match(scene.registry.log(), /PUT \/v2\/team\/inferred\/cache\/manifests\//)
})

test('an OCI layout serves as the cache repository', async () => {
  const [context, layout] = [newContext(), join(scene.newDirectory(), 'repository')]
  const repository = ['--cache-repo', `oci:${layout}`]
  const first = await scene.image({ context, args: cached(scene.newDirectory(), ...repository) })
  const second = await scene.image({ context, args: cached(scene.newDirectory(), ...repository) })
  assert.equal(cacheSummary(second.result).misses, 0)
  assert.equal(second.digest, first.digest)
})

test('--no-push-cache reads the cache repository and writes nothing there', async () => {
  const [context, repository] = [newContext(), `${host}/cache/unwritten`]
  await scene.image({ context, args: cached(scene.newDirectory(), '--cache-repo', repository, '--no-push-cache') })
  const again = await scene.image({ context, args: cached(scene.newDirectory(), '--cache-repo', repository) })
  assert.equal(cacheSummary(again.result).misses, 5)
})

test('a cache repository that cannot be reached costs one warning and nothing else', async () => {
  const args = cached(scene.newDirectory(), '--cache-repo', '127.0.0.1:1/nowhere')
  const built = await scene.image({ context: newContext(), args })
  const warnings = built.result.stderr.split('\n').filter((line) => line.includes('WARN'))
  assert.equal(warnings.filter((line) => line.includes('127.0.0.1:1')).length, 1, built.result.stderr)
})

test('entries older than --cache-ttl are misses', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  await scene.image({ context, args: cached(directory, '--cache-ttl', '1s') })
  await sleep(1200)
  const later = await scene.image({ context, args: cached(directory, '--cache-ttl', '1s') })
  assert.equal(cacheSummary(later.result).misses, 5)
  const patient = await scene.image({ context, args: cached(directory, '--cache-ttl=1h30m') })
  assert.equal(cacheSummary(patient.result).misses, 0)
})

test('a read-only cache directory is used and left alone, with one notice', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  await scene.image({ context, args: cached(directory) })
  writeFileSync(join(context, 'source'), 'changed\n')
  const before = readdirSync(directory, { recursive: true }).sort()
  const surroundings = { readOnly: [directory] }
  const built = await scene.image({ context, args: cached(directory), surroundings })
  assert.ok(cacheSummary(built.result).local > 0)
  assert.ok(cacheSummary(built.result).misses > 0)
  assert.deepEqual(readdirSync(directory, { recursive: true }).sort(), before)
  const notices = built.result.stderr.split('\n').filter((line) => /read-only/i.test(line))
  assert.equal(notices.length, 1, built.result.stderr)
})

test('a changed file costs the steps that use it and those after them', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  await scene.image({ context, args: cached(directory) })
  writeFileSync(join(context, 'unused'), 'changed')
  utimesSync(join(context, 'source'), 1, 1)
  const same = await scene.image({ context, args: cached(directory) })
  assert.equal(cacheSummary(same.result).misses, 0)
  writeFileSync(join(context, 'source'), 'changed\n')
  const changed = await scene.image({ context, args: cached(directory) })
  assert.deepEqual(cacheSummary(changed.result).misses, 3)
  assert.equal(cacheSummary(changed.result).local, 2)
})

test('a build argument that a command can see is part of what it is found by', async () => {
  const directory = scene.newDirectory()
  const withArg = `FROM ${scene.busybox}\nRUN echo first\nARG VERSION\nRUN echo $VERSION > /version\n`
  const context = makeContext(scene.directory, { Dockerfile: withArg })
  const build = async (version: string): Promise<number> => {
    const args = [...cached(directory), '--build-arg', `VERSION=${version}`]
    return cacheSummary((await scene.image({ context, args })).result).misses
  }
  assert.deepEqual([await build('1'), await build('1'), await build('2'), await build('1')], [2, 0, 1, 0])
})

test('copies are looked up only with --cache-copy-layers, commands only with --cache-run-layers', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  const args = (...flags: string[]): readonly string[] => ['--cache', '--cache-dir', directory, ...flags]
  const misses = async (...flags: string[]): Promise<number> =>
    cacheSummary((await scene.image({ context, args: args(...flags) })).result).misses
  assert.equal(await misses('--cache-copy-layers'), 5)
  assert.equal(await misses('--cache-copy-layers'), 0)
  assert.ok((await misses('--cache-copy-layers=false')) > 0)
  assert.ok((await misses('--cache-copy-layers', '--cache-run-layers=false')) > 0)
})

test('without --cache nothing is looked up and nothing is kept', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  await scene.image({ context, args: ['--cache-dir', directory] })
  await scene.image({ context, args: ['--cache=false', '--cache-dir', directory] })
  assert.deepEqual(readdirSync(directory), [])
})

test('a cached layer that lost its end is made again', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  const first = await scene.image({ context, args: cached(directory) })
  for (const layer of first.layers.slice(1)) {
    const [path = ''] = globSync(join(directory, 'blobs', layer.replace(':', '/')))
    truncateSync(path, 10)
  }
  const again = await scene.image({ context, args: cached(directory) })
  assert.ok(cacheSummary(again.result).misses > 0)
  const { tree } = await again.read()
  assert.equal(tree.get('bin/compiled')?.size, 7)
})

test('a damaged index database costs nothing', async () => {
  const [context, directory] = [newContext(), scene.newDirectory()]
  const first = await scene.image({ context, args: cached(directory) })
  const databases = globSync(join(directory, 'index/*.db'))
  assert.ok(databases.length > 0)
  for (const path of databases) writeFileSync(path, 'this is no database, it only stands where one was'.repeat(200))
  const again = await scene.image({ context, args: cached(directory) })
  assert.equal(cacheSummary(again.result).misses, 0)
  assert.equal(again.digest, first.digest)
})

test('two builds at once share one directory', async () => {
  const directory = scene.newDirectory()
  const [one, other] = await Promise.all(
    [0, 1].map(() => scene.image({ context: newContext(), args: cached(directory) })),
  )
  assert.deepEqual((await one?.tree())?.get('bin/compiled')?.sha256, (await other?.tree())?.get('bin/compiled')?.sha256)
  const later = await scene.image({ context: newContext(), args: cached(directory) })
  assert.equal(cacheSummary(later.result).misses, 0)
})
