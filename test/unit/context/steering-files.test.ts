import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findDockerfile } from '../../../src/context/find-dockerfile.ts'
import { openContext } from '../../../src/context/open-context.ts'
import { type ErrorCode, HearthError } from '../../../src/errors.ts'
import { type Lifetime, temporaryDirectory } from '../../support/temp.ts'

interface Place {
  /** The working directory. */
  readonly cwd: string
  /** The context. */
  readonly directory: string
  /** Outside of both. */
  readonly outside: string
}

function place(t: Lifetime): Place {
  const top = temporaryDirectory(t)
  const [cwd, directory, outside] = ['cwd', 'context', 'outside'].map((name) => join(top, name)) as [
    string,
    string,
    string,
  ]
  for (const path of [cwd, directory, outside]) mkdirSync(path)
  return { cwd, directory, outside }
}

function fails(code: ErrorCode, says: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof HearthError && error.code === code && says.test(`${error.message}\n${error.why}`)
}

test('a Dockerfile in the working directory goes before one in the context', (t) => {
  const { cwd, directory } = place(t)
  writeFileSync(join(directory, 'Dockerfile'), 'FROM context')
  assert.deepEqual(findDockerfile({ dockerfile: 'Dockerfile', cwd, directory }), {
    path: join(directory, 'Dockerfile'),
    text: 'FROM context',
  })
  writeFileSync(join(cwd, 'Dockerfile'), 'FROM cwd')
  assert.equal(findDockerfile({ dockerfile: 'Dockerfile', cwd, directory }).text, 'FROM cwd')
})

test('a Dockerfile may be named by an absolute path, and below the context', (t) => {
  const { cwd, directory, outside } = place(t)
  writeFileSync(join(outside, 'Dockerfile'), 'FROM outside')
  mkdirSync(join(directory, 'sub'))
  writeFileSync(join(directory, 'sub/Other'), 'FROM sub')
  const absolute = join(outside, 'Dockerfile')
  assert.equal(findDockerfile({ dockerfile: absolute, cwd, directory }).text, 'FROM outside')
  assert.equal(findDockerfile({ dockerfile: 'sub/Other', cwd, directory }).text, 'FROM sub')
})

test('a missing Dockerfile is an error that tells where it was looked for', (t) => {
  const { cwd, directory } = place(t)
  const both = new RegExp(`tried ${cwd}/sub/Dockerfile and ${directory}/sub/Dockerfile`)
  assert.throws(
    () => findDockerfile({ dockerfile: 'sub/Dockerfile', cwd, directory }),
    fails('dockerfile-missing', both),
  )
})

test('a Dockerfile in the context may not be a symlink out of it, and the file it points to is not shown', (t) => {
  const { cwd, directory, outside } = place(t)
  writeFileSync(join(outside, 'secret'), 'password')
  symlinkSync(join(outside, 'secret'), join(directory, 'Dockerfile'))
  const find = () => findDockerfile({ dockerfile: 'Dockerfile', cwd, directory })
  assert.throws(find, fails('dockerfile-missing', /symlink to .*outside of/))
  assert.throws(find, (error) => error instanceof HearthError && !JSON.stringify({ ...error }).includes('password'))
})

test('that the context is the working directory makes no difference', (t) => {
  const { directory, outside } = place(t)
  writeFileSync(join(outside, 'secret'), 'password')
  symlinkSync(join(outside, 'secret'), join(directory, 'Dockerfile'))
  symlinkSync(directory, join(outside, 'context'))
  for (const context of [directory, join(outside, 'context')]) {
    const find = () => findDockerfile({ dockerfile: 'Dockerfile', cwd: directory, directory: context })
    assert.throws(find, fails('dockerfile-missing', /symlink to .*outside of/))
  }
  symlinkSync(outside, join(directory, 'sub'))
  const below = () => findDockerfile({ dockerfile: 'sub/secret', cwd: directory, directory })
  assert.throws(below, fails('dockerfile-missing', /symlink to .*outside of/))
})

test('a Dockerfile outside of the context may be a symlink', (t) => {
  const { cwd, directory, outside } = place(t)
  writeFileSync(join(outside, 'real'), 'FROM real')
  symlinkSync(join(outside, 'real'), join(cwd, 'Dockerfile'))
  for (const dockerfile of ['Dockerfile', join(cwd, 'Dockerfile')]) {
    assert.equal(findDockerfile({ dockerfile, cwd, directory }).text, 'FROM real')
  }
})

test('a Dockerfile may be a symlink inside the context, which may be a symlink itself', (t) => {
  const { cwd, directory, outside } = place(t)
  writeFileSync(join(directory, 'real'), 'FROM real')
  symlinkSync('real', join(directory, 'Dockerfile'))
  symlinkSync(directory, join(outside, 'context'))
  const linked = join(outside, 'context')
  assert.equal(findDockerfile({ dockerfile: 'Dockerfile', cwd, directory: linked }).text, 'FROM real')
})

for (const [what, make, says] of [
  ['a directory', (path: string) => mkdirSync(path), /it is a directory/],
  ['a pipe nobody writes to', (path: string) => execFileSync('mkfifo', [path]), /not a regular file/],
  ['a symlink to itself', (path: string) => symlinkSync('Dockerfile', path), /leads to itself/],
  ['far too large', (path: string) => makeHuge(path), /larger than 16 MiB/],
] as const) {
  test(`a Dockerfile that is ${what} is refused at once`, (t) => {
    const { cwd, directory } = place(t)
    make(join(cwd, 'Dockerfile'))
    assert.throws(() => findDockerfile({ dockerfile: 'Dockerfile', cwd, directory }), fails('dockerfile-missing', says))
  })
}

/** A sparse file of a gigabyte. */
function makeHuge(path: string): void {
  writeFileSync(path, '')
  truncateSync(path, 1 << 30)
}

test('a Dockerfile from the web is refused without showing what its address holds', () => {
  const dockerfile = 'https://user:password@host/Dockerfile?token=secret'
  const find = () => findDockerfile({ dockerfile, cwd: '/', directory: '/' })
  assert.throws(find, fails('context-unsupported', /from the web: host\/Dockerfile/))
  assert.throws(
    find,
    (error) => error instanceof HearthError && !/password|secret/.test(`${error.message}${error.fix}`),
  )
})

test('without an ignore file everything belongs to the context', async (t) => {
  const { cwd, directory } = place(t)
  await using context = await openContext({ context: directory, cwd })
  assert.equal(context.directory, directory)
  assert.equal(context.ignoreFile, undefined)
  assert.equal(context.ignore.ignores('anything'), false)
  assert.equal(context.ignore.prunes('anything'), false)
})

test("an ignore file of the Dockerfile's own goes before that of the context", async (t) => {
  const { cwd, directory } = place(t)
  writeFileSync(join(directory, '.dockerignore'), 'shared\n')
  const dockerfile = join(cwd, 'web.Dockerfile')
  await using shared = await openContext({ context: directory, cwd, dockerfile })
  assert.equal(shared.ignoreFile, join(directory, '.dockerignore'))
  assert.equal(shared.ignore.ignores('shared'), true)
  writeFileSync(`${dockerfile}.dockerignore`, 'own\n')
  await using own = await openContext({ context: directory, cwd, dockerfile })
  assert.equal(own.ignoreFile, `${dockerfile}.dockerignore`)
  assert.deepEqual([own.ignore.ignores('own'), own.ignore.ignores('shared')], [true, false])
})

test('an ignore file may not be a symlink out of its directory', async (t) => {
  const { cwd, directory, outside } = place(t)
  writeFileSync(join(outside, 'list'), '*\n')
  symlinkSync(join(outside, 'list'), join(directory, '.dockerignore'))
  await assert.rejects(openContext({ context: directory, cwd }), fails('context-ignore', /outside of/))
})

test('an ignore file that is a directory is an error, not nothing', async (t) => {
  const { cwd, directory } = place(t)
  mkdirSync(join(directory, '.dockerignore'))
  await assert.rejects(openContext({ context: directory, cwd }), fails('context-ignore', /it is a directory/))
})

test('a malformed pattern is an error that names the ignore file', async (t) => {
  const { cwd, directory } = place(t)
  writeFileSync(join(directory, '.dockerignore'), 'fine\n[a-\n')
  await assert.rejects(
    openContext({ context: directory, cwd }),
    (error) => error instanceof HearthError && (error.where ?? '').startsWith(join(directory, '.dockerignore')),
  )
})
