import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  globSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertClearError } from '../support/clear-error.ts'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { type BuiltImage, openScene } from '../support/scene.ts'
import { damagedBlobs, flipBit } from '../unit/content/support.ts'

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

const noisy = `FROM ${scene.busybox}
COPY noise /noise
RUN echo made > /made
RUN echo later > /later
`
const noisyContext = (): string => makeContext(scene.directory, { Dockerfile: noisy, noise: randomBytes(3 << 20) })

function blobOf(directory: string, layer: string | undefined): string {
  return join(directory, 'blobs', String(layer).replace(':', '/'))
}

test('a cached layer with wrong bytes is made again where the image is written out', async () => {
  const [context, directory] = [noisyContext(), scene.newDirectory()]
  const first = await scene.image({ context, args: cached(directory) })
  const path = blobOf(directory, first.layers[1])
  flipBit(path)
  const again = await scene.image({ context, args: cached(directory) })
  assert.equal(cacheSummary(again.result).misses, 1)
  const damaged = again.result.stderr.split('\n').filter((line) => line.includes('is damaged'))
  assert.equal(damaged.length, 1, again.result.stderr)
  assert.ok(damaged[0]?.includes(path))
  assert.deepEqual((await again.tree()).get('noise')?.sha256, (await first.tree()).get('noise')?.sha256)
  assert.deepEqual(damagedBlobs(directory), [])
})

test('a cached layer with wrong bytes is made again where a later step needs it', async () => {
  const [context, directory] = [noisyContext(), scene.newDirectory()]
  const first = await scene.image({ context, args: cached(directory) })
  flipBit(blobOf(directory, first.layers[1]))
  writeFileSync(join(context, 'Dockerfile'), `${noisy}RUN sha256sum /noise > /sum\n`)
  const again = await scene.attempt({ context, args: [...cached(directory), '--no-push'] })
  assert.equal(again.code, 0, again.stderr)
  assert.deepEqual(cacheSummary(again), { local: 2, remote: 0, misses: 2 })
  assert.deepEqual(damagedBlobs(directory), [])
})

test('a fully cached build that needs no bytes does not mind a damaged layer, nor does it read it', async () => {
  const [context, directory] = [noisyContext(), scene.newDirectory()]
  const first = await scene.image({ context, args: cached(directory) })
  flipBit(blobOf(directory, first.layers[1]))
  const again = await scene.attempt({ context, args: [...cached(directory), '--no-push'] })
  assert.equal(again.code, 0, again.stderr)
  assert.equal(cacheSummary(again).misses, 0)
  assert.equal(damagedBlobs(directory).length, 1)
})

test('a damaged layer that a push needs is named and removed, and the next build makes it again', async () => {
  const [context, directory] = [noisyContext(), scene.newDirectory()]
  const first = await scene.image({ context, args: cached(directory) })
  const path = blobOf(directory, first.layers[1])
  flipBit(path)
  const args = [...cached(directory), '--no-push-cache', '--destination', `${host}/damaged/app:1`]
  const failed = await scene.attempt({ context, args: [...args, '--cache-repo', `${host}/damaged/none`] })
  assertClearError(failed, [/integrity/, new RegExp(path), new RegExp(String(first.layers[1])), /Build again/])
  assert.equal(existsSync(path), false)
  const healed = await scene.attempt({ context, args })
  assert.equal(healed.code, 0, healed.stderr)
})

test('a damaged layer that the cache repository has, too, comes from there at once', async () => {
  const [context, directory] = [noisyContext(), scene.newDirectory()]
  const repository = ['--cache-repo', `${host}/cache/healing`]
  const first = await scene.image({ context, args: cached(directory, ...repository) })
  flipBit(blobOf(directory, first.layers[1]))
  // By another name it is another registry, which cannot mount the layer and has to be sent its bytes.
  const destination = `${host.replace('127.0.0.1', 'localhost')}/healed/app:1`
  const args = [...cached(directory, ...repository), '--destination', destination]
  const again = await scene.attempt({ context, args })
  assert.equal(again.code, 0, again.stderr)
  assert.equal(cacheSummary(again).misses, 0)
  assert.deepEqual(damagedBlobs(directory), [])
})

test('a damaged layer of the base is fetched from its registry again', async () => {
  const directory = scene.newDirectory()
  const build = (text: string): Promise<BuiltImage> => {
    return scene.image({ dockerfile: `FROM ${scene.busybox}\nRUN echo ${text} > /made\n`, args: cached(directory) })
  }
  const first = await build('one')
  flipBit(blobOf(directory, first.layers[0]))
  const second = await build('two')
  assert.ok((await second.tree()).has('bin/sh'))
  assert.deepEqual(damagedBlobs(directory), [])
})

test('a full cache disk costs one warning, and the image is whole', async () => {
  const directory = scene.newDirectory()
  const surroundings = { tiny: [{ directory, bytes: 2 << 20 }] }
  const built = await scene.image({ context: noisyContext(), args: cached(directory), surroundings })
  const warnings = built.result.stderr.split('\n').filter((line) => line.includes('WARN'))
  assert.equal(warnings.length, 1, built.result.stderr)
  assert.match(warnings[0] ?? '', /cannot be added to the cache directory.*No space left/)
  const tree = await built.tree()
  assert.equal(tree.get('noise')?.size, 3 << 20)
  assert.ok(tree.has('made') && tree.has('later') && tree.has('bin/sh'))
})

test('a cache directory that cannot be made costs one warning, a file in its place is an error', async () => {
  const context = newContext()
  const built = await scene.image({ context, args: cached('/proc/nope') })
  const warnings = built.result.stderr.split('\n').filter((line) => line.includes('WARN'))
  assert.equal(warnings.length, 1, built.result.stderr)
  assert.ok(warnings[0]?.includes('/proc/nope'))
  const file = join(scene.newDirectory(), 'file')
  writeFileSync(file, '')
  const refused = await scene.attempt({ context, args: [...cached(file), '--no-push'] })
  assertClearError(refused, [/cache-unusable/, new RegExp(file)])
})

test('of builds that run at once, the later one finds what one of them stored', async () => {
  const directory = scene.newDirectory()
  const text = `FROM ${scene.busybox}\nRUN cat /proc/sys/kernel/random/uuid > /id && sleep 1\nRUN cp /id /copy\n`
  const context = makeContext(scene.directory, { Dockerfile: text })
  const images = await Promise.all([1, 2, 3].map(() => scene.image({ context, args: cached(directory) })))
  for (const image of images) {
    const tree = await image.tree()
    assert.equal(tree.get('copy')?.sha256, tree.get('id')?.sha256)
  }
  const later = await scene.image({ context, args: cached(directory) })
  assert.equal(cacheSummary(later.result).misses, 0)
  assert.ok(images.some((image) => image.layers[1] === later.layers[1]))
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

test('commands after a copy from a stage are found in the repository, from an empty directory each time', async () => {
  const text = `FROM ${scene.busybox} AS tool\nRUN echo x > /bin/tool\nFROM ${scene.busybox}\nCOPY --from=tool /bin/tool /tool\nRUN echo expensive > /made\n`
  const context = makeContext(scene.directory, { Dockerfile: text })
  const repository = `${host}/cache/copied`
  const build = async () => {
    const args = ['--cache', '--cache-dir', scene.newDirectory(), '--cache-repo', repository]
    return cacheSummary((await scene.image({ context, args })).result)
  }
  assert.deepEqual(await build(), { local: 0, remote: 0, misses: 3 })
  // The copy itself is kept in the directory only.
  for (let i = 0; i < 2; i += 1) assert.deepEqual(await build(), { local: 0, remote: 2, misses: 1 })
})

/** Two files of one stage that hold the same random text, and how an image with the given copies of them is built. */
function twins(copies: readonly string[], flags: readonly string[]) {
  const random = 'cat /proc/sys/kernel/random/uuid > /v && cp /v /w'
  const lines = [`FROM ${scene.busybox} AS twins`, `RUN ${random}`, 'FROM scratch', ...copies]
  return scene.image({ dockerfile: `${lines.join('\n')}\n`, args: flags })
}

test('files copied from a stage never come from two runs of it', async () => {
  const directory = scene.newDirectory()
  const flags = ['--cache', '--cache-dir', directory, '--cache-run-layers=false']
  const [v, w] = ['COPY --from=twins /v /v', 'COPY --from=twins /w /w']
  await twins([v], flags)
  const both = await (await twins([v, w], flags)).tree()
  assert.equal(both.get('v')?.sha256, both.get('w')?.sha256)
  const again = await twins([v, w], flags)
  assert.deepEqual(cacheSummary(again.result), { local: 2, remote: 0, misses: 0 })
  assert.equal((await again.tree()).get('v')?.sha256, both.get('v')?.sha256)
})

test('a stage whose commands are no longer cached is left alone while every copy of its files is', async () => {
  const directory = scene.newDirectory()
  const flags = ['--cache', '--cache-dir', directory]
  const copies = ['COPY --from=twins /v /v', 'COPY --from=twins /w /w']
  const first = await twins(copies, flags)
  for (const entry of globSync(join(directory, 'entries/*.json'))) {
    if (JSON.parse(readFileSync(entry, 'utf8')).record.instruction === 'RUN') rmSync(entry)
  }
  const second = await twins(copies, flags)
  assert.equal(second.digest, first.digest)
  const third = await (await twins([...copies, 'COPY --from=twins /v /x'], flags)).tree()
  assert.deepEqual(new Set(['v', 'w', 'x'].map((name) => third.get(name)?.sha256)).size, 1)
})
