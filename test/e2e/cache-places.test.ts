import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const newContext = (): string =>
  makeContext(scene.directory, { Dockerfile: `FROM ${scene.busybox}\nRUN echo one > /one\nRUN echo two > /two\n` })
const cached = (directory: string, ...more: string[]): readonly string[] => [
  '--cache',
  '--cache-dir',
  directory,
  ...more,
]

/** The counters of a build of `context` that starts with an empty directory. */
async function build(context: string, ...more: string[]): Promise<ReturnType<typeof cacheSummary>> {
  const built = await scene.image({ context, args: cached(scene.newDirectory(), ...more) })
  return cacheSummary(built.result)
}

test('a branch reads what the main line wrote, and writes to its own repository', async () => {
  const context = newContext()
  const [main, branch] = [`${host}/places/main`, `${host}/places/branch`]
  const ofBranch = ['--cache-from', main, '--cache-from', branch, '--cache-to', branch]
  assert.deepEqual(await build(context, ...ofBranch), { local: 0, remote: 0, misses: 2 })
  assert.deepEqual(await build(context, '--cache-from', main), { local: 0, remote: 0, misses: 2 })
  assert.deepEqual(await build(context, ...ofBranch), { local: 0, remote: 2, misses: 0 })
})

test("layouts and repositories are named in BuildKit's spelling, too, and each gets every layer", async () => {
  const [context, layout, repository] = [newContext(), join(scene.newDirectory(), 'layout'), `${host}/places/both`]
  const to = ['--cache-to', `type=local,dest=${layout}`, '--cache-to', `type=registry,ref=${repository},mode=max`]
  assert.equal((await build(context, ...to)).misses, 2)
  assert.equal((await build(context, '--cache-from', `type=local,src=${layout}`)).remote, 2)
  assert.equal((await build(context, '--cache-from', `type=registry,ref=${repository}`)).remote, 2)
})

test('"none" and "local" leave the cache repository alone, the former also the directory', async () => {
  const [context, directory, repository] = [newContext(), scene.newDirectory(), `${host}/places/left`]
  const args = cached(directory, '--cache-repo', repository, '--cache-to', 'none', '--cache-from', 'none')
  await scene.image({ context, args })
  assert.deepEqual(existsSync(join(directory, 'entries')) ? readdirSync(join(directory, 'entries')) : [], [])
  await scene.image({ context, args: cached(directory, '--cache-repo', repository, '--cache-to=local') })
  const unread = await scene.image({ context, args: cached(directory, '--cache-from', 'none') })
  assert.equal(cacheSummary(unread.result).misses, 2)
  const read = await scene.image({ context, args: cached(directory, '--cache-from', 'local') })
  assert.equal(cacheSummary(read.result).local, 2)
  assert.equal((await build(context, '--cache-from', repository)).misses, 2)
})
