import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { cacheSummary, hearth } from '../support/hearth.ts'
import { startHttpServer } from '../support/http-server.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { busybox } = scene

interface PlannedStep {
  readonly line: number
  readonly layer: boolean
  readonly cache?: { readonly verdict: string; readonly why: string | null }
  readonly key?: {
    readonly digest: string | null
    readonly parent: string | null
    readonly fields: object
    readonly inputs: { readonly digest: string; readonly count: number } | null
  }
}

interface PlanDocument {
  readonly version: number
  readonly target: number
  readonly stages: readonly {
    readonly name: string | null
    readonly workedOn: boolean
    readonly steps: readonly PlannedStep[]
  }[]
  readonly pruned: readonly { readonly name: string | null; readonly line: number; readonly why: string }[]
}

interface Request {
  readonly dockerfile: string
  readonly files?: Parameters<typeof makeContext>[1]
  readonly args?: readonly string[]
}

async function planned({ dockerfile, files = {}, args = [] }: Request): Promise<PlanDocument> {
  const context = makeContext(scene.directory, { Dockerfile: dockerfile, ...files })
  const result = await hearth(['plan', '--context', context, '--format=json', ...args], { cwd: context })
  assert.equal(result.code, 0, result.stderr)
  return JSON.parse(result.stdout)
}

/** "line verdict" of every step that makes a layer. */
function verdicts({ stages }: PlanDocument): readonly string[] {
  const steps = stages.flatMap((stage) => stage.steps).filter(({ layer }) => layer)
  return steps.map(({ line, cache }) => `${line} ${cache?.verdict}`)
}

const staged = `FROM ${busybox} AS build
RUN date +%s%N > /when
COPY src /src
RUN cat /src/a > /out
FROM ${busybox}
WORKDIR /w
COPY --from=build /out .
RUN cat out > done
FROM build AS late
`
const files = { 'src/a': 'a', 'src/b': 'b' }

test('a plan foretells what a build finds in its cache, and writes nothing', async () => {
  const cache = scene.newDirectory()
  const args = ['--cache', '--cache-dir', cache, '--target', '1']
  const request = { dockerfile: staged, files, args }
  const fresh = await planned(request)
  assert.deepEqual(verdicts(fresh), ['2 miss', '3 miss', '4 miss', '6 miss', '7 miss', '8 miss'])
  assert.deepEqual(readdirSync(cache), [])
  assert.deepEqual(cacheSummary((await scene.image(request)).result), { local: 0, remote: 0, misses: 6 })
  const warm = await planned(request)
  assert.deepEqual(verdicts(warm), ['2 hit', '3 hit', '4 hit', '6 hit', '7 hit', '8 hit'])
  assert.deepEqual(
    warm.stages.map(({ workedOn }) => workedOn),
    [false, true],
  )
  assert.deepEqual(cacheSummary((await scene.image(request)).result), { local: 3, remote: 0, misses: 0 })
  const changed = { ...request, files: { ...files, 'src/a': 'c' } }
  assert.deepEqual(verdicts(await planned(changed)), ['2 hit', '3 miss', '4 miss', '6 hit', '7 miss', '8 miss'])
  assert.deepEqual(cacheSummary((await scene.image(changed)).result), { local: 2, remote: 0, misses: 4 })
  // Keys are what entries are called by.
  const keys = warm.stages.flatMap(({ steps }) => steps.map(({ key }) => key?.digest))
  assert.deepEqual(
    keys.filter((key) => !existsSync(join(cache, 'entries', `${key}.json`))),
    [],
  )
})

test('a layer above a command that must run again depends on what the command gives', async () => {
  const cache = scene.newDirectory()
  const dockerfile = `FROM ${busybox}\nRUN date +%s%N > /when\nRUN echo same > /same\nCOPY src /src\n`
  const request = { dockerfile, files, args: ['--cache', '--cache-dir', cache] }
  await scene.image(request)
  const [stage] = (await planned(request)).stages
  rmSync(join(cache, 'entries', `${stage?.steps[0]?.key?.digest}.json`))
  const found = await planned(request)
  assert.deepEqual(verdicts(found), ['2 miss', '3 depends', '4 depends'])
  assert.equal(found.stages[0]?.steps[1]?.cache?.why, 'used if line 2 gives the same result again')
  assert.deepEqual(cacheSummary((await scene.image(request)).result), { local: 0, remote: 0, misses: 3 })
})

test('copies of a stage are foretold as used where the stage itself is no longer cached', async () => {
  const cache = scene.newDirectory()
  const request = { dockerfile: staged, files, args: ['--cache', '--cache-dir', cache, '--target=1'] }
  await scene.image(request)
  const [stage] = (await planned(request)).stages
  rmSync(join(cache, 'entries', `${stage?.steps[0]?.key?.digest}.json`))
  const found = await planned(request)
  assert.deepEqual(verdicts(found), ['2 miss', '3 depends', '4 depends', '6 hit', '7 hit', '8 hit'])
  assert.equal(found.stages[0]?.workedOn, false)
  assert.deepEqual(cacheSummary((await scene.image(request)).result), { local: 3, remote: 0, misses: 0 })
})

test('what would have to be downloaded is not, and what is known without it is said', async () => {
  await using server = await startHttpServer((_request, response) => void response.end('x'))
  const sum = `sha256:${'a'.repeat(64)}`
  const dockerfile = `FROM ${busybox}\nADD --checksum=${sum} http://${server.host}/known /\nADD http://${server.host}/new /
RUN true\nCOPY --from=web /x /\n`
  const args = ['--build-context', `web=http://${server.host}/a.tar`]
  const found = await planned({ dockerfile, args })
  assert.deepEqual(verdicts(found), ['2 miss', '3 unknown', '4 unknown', '5 unknown'])
  const [known, add] = found.stages[0]?.steps ?? []
  assert.match(known?.key?.digest ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual([add?.key?.digest, add?.key?.parent, add?.key?.inputs], [null, null, null])
  assert.match(add?.cache?.why ?? '', /is not downloaded to make a plan/)
  assert.deepEqual(Object.entries(add?.key?.fields ?? {})[0], ['sources', ['web']])
  assert.deepEqual(server.requests, [])
})

test('a source that is missing does not keep a plan from being printed', async () => {
  const dockerfile = `FROM ${busybox}\nCOPY none /\nRUN true\n`
  const context = makeContext(scene.directory, { Dockerfile: dockerfile })
  const { code, stdout } = await hearth(['plan', '--context', context], { cwd: context })
  assert.equal(code, 0)
  assert.match(stdout, /unknown {2}no key yet, of .*\(none is not in the build context/)
})

test('a plan pulls no layer and pushes nothing, and --dryrun prints the same', async () => {
  const dockerfile = `FROM ${busybox}\nRUN true\nLABEL a=b\nFROM ${busybox} AS after\nFROM ${busybox}\nRUN x\n`
  const context = makeContext(scene.directory, { Dockerfile: dockerfile })
  const flags = ['--context', context, '--target=0', '-d', `${scene.registry.host}/planned:1`, '--cache']
  const cache = ['--cache-dir', join(scene.newDirectory(), 'none')]
  const before = scene.registry.log().length
  const plan = await hearth(['plan', ...flags, ...cache], { cwd: context })
  const dryrun = await hearth(['--dryrun', ...flags, ...cache], { cwd: context })
  assert.deepEqual([plan.code, dryrun.code, dryrun.stdout], [0, 0, plan.stdout])
  const said = scene.registry.log().slice(before)
  assert.doesNotMatch(said, /PUT|POST|planned/)
  assert.match(plan.stdout, /PRUNED after {2}line 4: it stands below the target/)
  assert.match(plan.stdout, /miss {5}key [0-9a-f]{12} of parent, platform, argv, env, workdir/)
  assert.equal(existsSync(cache[1] ?? ''), false)
  const { layers } = JSON.parse(readFileSync(manifestOf(), 'utf8'))
  for (const { digest } of layers) assert.equal(said.includes(digest), false)
})

/** The base's manifest in its layout. */
function manifestOf(): string {
  const { layout } = scene.busyboxLayout
  const [image] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests
  return join(layout, 'blobs', image.digest.replace(':', '/'))
}

test('a plan of an image layout needs no network, and a damaged entry is a miss', async () => {
  const cache = scene.newDirectory()
  const { layout, name } = scene.busyboxLayout
  const args = ['--cache', '--cache-dir', cache, '--build-context', `base=oci-layout://${layout}:${name}`]
  const request = { dockerfile: 'FROM base\nRUN true\n', args }
  await scene.image(request)
  const found = await planned(request)
  assert.deepEqual(verdicts(found), ['2 hit'])
  writeFileSync(join(cache, 'entries', `${found.stages[0]?.steps[0]?.key?.digest}.json`), '{')
  assert.deepEqual(verdicts(await planned(request)), ['2 miss'])
})

test('a linked copy is used whatever the commands below it give', async () => {
  const cache = ['--cache', '--cache-dir', scene.newDirectory()]
  const text = (below: string): string =>
    `FROM ${busybox}\nRUN echo ${below} > /x\nCOPY --link src /src\nCOPY src /more\n`
  const files = { src: 'a' }
  await scene.image({ dockerfile: text('one'), files, args: cache })
  assert.deepEqual(verdicts(await planned({ dockerfile: text('two'), files, args: cache })), [
    '2 miss',
    '3 hit',
    '4 miss',
  ])
})
