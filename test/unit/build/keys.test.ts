import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { CachedBuilds } from '../../support/cached-builds.ts'
import { makeContext } from '../../support/context.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { changing } from './keys/changing.ts'
import { plain, type Row, type Situation } from './keys/situation.ts'
import { unchanging } from './keys/unchanging.ts'

const directory = temporaryDirectory({ after })
const builds = new CachedBuilds(directory)

before(async () => {
  await builds.addImage('base', {})
  await builds.addImage('base:1', {})
  await builds.addImage('base:2', { 'etc/version': '2' })
  await builds.addImage('registry.example.com/team/base:9', {})
  await builds.addImage('base:labels', {}, { Labels: { a: 'b' } })
  await builds.addImage(
    'base:cmd',
    {},
    { Cmd: ['x'], Entrypoint: ['y'], ExposedPorts: { '80/tcp': {} }, Volumes: { '/v': {} } },
  )
  await builds.addImage('base:workdir', {}, { WorkingDir: '/srv' })
  await builds.addImage('base:env', {}, { Env: ['A=b'] })
  await builds.addImage('base:user', {}, { User: 'nobody' })
  await builds.addImage('base:shell', {}, { Shell: ['/bin/ash', '-c'] })
  await builds.addImage('base:trigger', {}, { OnBuild: ['RUN a'] })
  await builds.addImage('base:trigger2', {}, { OnBuild: ['RUN b'] })
})
after(() => builds.http[Symbol.asyncDispose]())

/** The keys of all steps of the stages that are needed. */
async function keysOf(situation: Situation): Promise<readonly string[]> {
  const { dockerfile, name = 'Dockerfile', files, afterwards, ...options } = situation
  const context = makeContext(directory, files)
  // Beside the context, so that it is in no copy.
  const path = join(`${context}.files`, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, dockerfile)
  afterwards?.(context)
  return (await builds.keys({ context, dockerfile: path, ...options })).map(({ key }) => key)
}

let plainKeys: Promise<readonly string[]> | undefined

async function bothOf({
  before: special,
  after: changed,
}: Row): Promise<readonly [readonly string[], readonly string[]]> {
  plainKeys ??= keysOf(plain)
  const first = special === undefined ? plainKeys : keysOf({ ...plain, ...special })
  return [await first, await keysOf({ ...plain, ...special, ...changed })]
}

test('there are enough changes of either kind, each with a name of its own', () => {
  assert.ok(changing.length >= 60 && unchanging.length >= 30)
  const names = [...changing, ...unchanging].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
})

for (const row of changing) {
  test(`another key: ${row.name}`, async () => {
    const [one, other] = await bothOf(row)
    assert.notEqual(one.at(-1), other.at(-1))
    assert.equal(one.at(-1)?.length, 64)
  })
}

for (const row of unchanging) {
  test(`the same keys: ${row.name}`, async () => {
    const [one, other] = await bothOf(row)
    assert.deepEqual(other, one)
    assert.ok(one.length > 0)
  })
}
