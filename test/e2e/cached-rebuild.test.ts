import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry

/** Every RUN leaves a line in a cache that they share. */
const counted = 'RUN --mount=type=cache,id=count,target=/count echo'
const dockerfile = `
FROM ${scene.busybox} AS first
WORKDIR /work
COPY source .
${counted} first >>/count/log; head -c 4 source >made
FROM ${scene.busybox} AS second
${counted} second >>/count/log; echo second >/made
FROM ${scene.busybox}
COPY --from=first /work/made /first
COPY --from=second /made /second
${counted} last >>/count/log; cat /first /second >/all
CMD ["cat", "/all"]
`

/** A context and a cache directory with what a first build has left there. */
async function built(...args: readonly string[]) {
  const context = makeContext(scene.directory, { Dockerfile: dockerfile, source: 'same, and more\n' })
  const directory = scene.newDirectory()
  const flags = ['--cache', '--cache-dir', directory, ...args]
  const destined = args.some((arg) => arg.startsWith('--destination')) ? [] : ['--no-push']
  const build = async (...under: readonly string[]) => {
    const result = await scene.attempt({
      context,
      args: [...flags, ...destined],
      ...(under.length === 0 ? {} : { under }),
    })
    assert.equal(result.code, 0, result.stderr)
    return { result, ran: commandsRun(directory) }
  }
  const first = await build()
  assert.deepEqual([...first.ran].sort(), ['first', 'last', 'second'])
  return { context, directory, build }
}

/** What RUNs have said in the shared cache, which is emptied. */
function commandsRun(directory: string): readonly string[] {
  const [log] = globSync('mounts/**/log', { cwd: directory })
  if (log === undefined) return []
  const lines = readFileSync(join(directory, log), 'utf8').trim().split('\n')
  rmSync(join(directory, log))
  return lines
}

interface Calls {
  /** Blobs of the cache directory that were opened, layers or not. */
  readonly blobs: ReadonlySet<string>
  /** What was done to make roots of stages and images: directories made for them, and mounts. */
  readonly roots: readonly string[]
}

/** What a build that is traced asks the kernel for. */
async function traced(build: (...under: readonly string[]) => Promise<unknown>): Promise<Calls> {
  const trace = join(scene.newDirectory(), 'trace')
  const calls = 'trace=open,openat,openat2,mount,mkdir,mkdirat'
  await build('strace', '-f', '-qq', '-s', '300', '-o', trace, '-e', calls)
  const lines = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => !line.includes(' = -1 '))
  const of = (call: RegExp): readonly string[] => lines.filter((line) => call.test(line))
  return {
    blobs: new Set(of(/ open/).flatMap((line) => /blobs\/sha256\/([0-9a-f]{64})"/.exec(line)?.[1] ?? [])),
    roots: of(/ (?:mount|mkdir)/).filter((line) => /\/(?:stage-\d|image-\d|trees|again-)/.test(line)),
  }
}

/** The layers that the cache directory knows of. */
function layersIn(directory: string): readonly string[] {
  const entries = join(directory, 'entries')
  return readdirSync(entries).map((name) => {
    const { layer } = JSON.parse(readFileSync(join(entries, name), 'utf8'))
    return layer.digest.replace('sha256:', '') as string
  })
}

function opened({ blobs }: Calls, directory: string): readonly string[] {
  return layersIn(directory).filter((layer) => blobs.has(layer))
}

test('a build whose steps are all cached opens no layer, unpacks nothing and runs nothing', async () => {
  const { directory, build } = await built()
  const calls = await traced(build)
  assert.ok(layersIn(directory).length >= 8)
  assert.deepEqual(opened(calls, directory), [])
  assert.deepEqual(calls.roots, [])
  assert.deepEqual(commandsRun(directory), [])
})

test('what is pushed again opens no layer either when the registry has them', async () => {
  const { directory, build } = await built(`--destination=${host}/counted/again:1`)
  const before = scene.registry.log().length
  const calls = await traced(build)
  assert.deepEqual(opened(calls, directory), [])
  const requests = scene.registry.log().slice(before)
  assert.doesNotMatch(requests, /(?:POST|PATCH) \//, 'nothing is uploaded')
  assert.equal(requests.match(/"GET \/v2\/\S*\/blobs\//g)?.length, 1, 'only the configuration of the base is fetched')
  assert.match(requests, /PUT \/v2\/counted\/again\/manifests\/1/)
})

test('tracing sees layers that are opened and roots that are made', async () => {
  const { context, directory, build } = await built()
  writeFileSync(join(context, 'Dockerfile'), dockerfile.replace('>/all', '>/all; true'))
  const calls = await traced(build)
  assert.ok(opened(calls, directory).length > 0)
  assert.ok(calls.roots.some((line) => line.includes(' mount(')))
  assert.deepEqual(commandsRun(directory), [])
})

test('a copied file is taken from the cache without the stage, even when the cache has lost that stage', async () => {
  const { directory, build } = await built()
  for (const name of readdirSync(join(directory, 'entries'))) {
    const { text } = JSON.parse(readFileSync(join(directory, 'entries', name), 'utf8'))
    if (/echo (?:first|second)/.test(text)) rmSync(join(directory, 'entries', name))
  }
  const { result, ran } = await build()
  assert.deepEqual(ran, [])
  assert.equal(cacheSummary(result).misses, 0)
})

test('of two stages the one that has changed runs, and nothing above its files when they have not', async () => {
  const { context, build } = await built()
  writeFileSync(join(context, 'source'), 'same, and something else\n')
  const { result, ran } = await build()
  assert.deepEqual(ran, ['first'])
  assert.doesNotMatch(result.stderr, /\[second\]/)
  assert.deepEqual((await build()).ran, [])
  writeFileSync(join(context, 'source'), 'different\n')
  assert.deepEqual((await build()).ran, ['first', 'last'])
})
