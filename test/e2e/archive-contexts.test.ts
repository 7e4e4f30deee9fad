import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { run, succeeded } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { type HearthOptions, hearth } from '../support/hearth.ts'
import { startHttpServer } from '../support/http-server.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const files = {
  Dockerfile: `FROM ${scene.busybox}\nCOPY . /all/\nRUN ls -A /all && cat /all/file`,
  file: 'in the archive\n',
  'sub/Dockerfile': `FROM ${scene.busybox}\nCOPY . /all/\nRUN echo below && ls -A /all`,
  left: 'out\n',
  '.dockerignore': 'left\n',
}

/** Makes an archive of the files with tar and the given flags. */
async function archiveWith(...flags: readonly string[]): Promise<string> {
  const archive = join(scene.newDirectory(), 'archive')
  await run('tar', ['-c', ...flags, '-f', archive, '-C', makeContext(scene.newDirectory(), files), '.'])
  return archive
}

function build(
  context: string,
  o: HearthOptions & { readonly args?: readonly string[] } = {},
): ReturnType<typeof hearth> {
  return hearth(['--context', context, '--no-push', ...(o.args ?? [])], { cwd: scene.directory, ...o })
}

const expected = /\| \.dockerignore\n.*\| Dockerfile\n.*\| file\n.*\| sub\n.*\| in the archive\n/

for (const [name, flags] of [
  ['plain', []],
  ['gzip', ['-z']],
  ['zstd', ['--zstd']],
  ['xz', ['-J']],
  ['bzip2', ['-j']],
] as const) {
  test(`tar:// takes an archive, ${name}, and the archive is no part of the context`, async () => {
    const archive = await archiveWith(...flags)
    assert.match(succeeded(await build(`tar://${archive}`), [name]).stderr, expected)
  })
}

test('tar://stdin takes the archive from standard input, also where the program has to start again', async () => {
  const under = ['/bin/sh', '-c', `exec "$@" < ${await archiveWith('-z')}`, 'sh']
  assert.match(succeeded(await build('tar://stdin', { under }), ['stdin']).stderr, expected)
  const restarted = await build('tar://stdin', { under, args: ['--isolation', 'userns'] })
  assert.match(succeeded(restarted, ['stdin']).stderr, expected)
})

test('http addresses that are no repositories are archives, and may redirect', async () => {
  const bytes = readFileSync(await archiveWith('-z'))
  await using server = await startHttpServer(({ url }, response) => {
    if (url === '/moved') response.writeHead(302, { location: '/archive' }).end()
    else if (url === '/archive') response.end(bytes)
    else response.writeHead(404).end()
  })
  assert.match(succeeded(await build(`http://${server.host}/moved`), ['http']).stderr, expected)
  assertClearError(await build(`http://${server.host}/other`), [/\/other cannot be read/, /404/])
})

test('--context-sub-path is a directory of the archive, and none that a symlink leads out to', async () => {
  const archive = await archiveWith()
  const { stderr } = succeeded(await build(`tar://${archive}`, { args: ['--context-sub-path', 'sub'] }), ['sub'])
  assert.match(stderr, /\| below\n.*\| Dockerfile\n/)
  const out = join(scene.newDirectory(), 'out.tar')
  await run('tar', ['-cf', out, '-C', makeContext(scene.newDirectory(), { out: { link: '/etc' } }), '.'])
  assertClearError(await build(`tar://${out}`, { args: ['--context-sub-path', 'out'] }), [/leads out of the context/])
})

test('a Dockerfile may come from the web', async () => {
  await using server = await startHttpServer(({ url }, response) => {
    if (url === '/Dockerfile') response.end(`FROM ${scene.busybox}\nCOPY file /\nRUN cat /file`)
    else response.writeHead(404).end('<html>')
  })
  const archive = await archiveWith()
  const from = (path: string): ReturnType<typeof build> =>
    build(`tar://${archive}`, { args: ['--dockerfile', `http://${server.host}${path}`] })
  assert.match(succeeded(await from('/Dockerfile'), ['web']).stderr, /\| in the archive\n/)
  assertClearError(await from('/none'), [/\/none cannot be downloaded/, /404/])
})

test('what is no archive, or is cut off, is one clear error', async () => {
  const text = join(scene.newDirectory(), 'text')
  writeFileSync(text, 'no archive\n')
  assertClearError(await build(`tar://${text}`), [/text cannot be used/, /no tar archive/])
  const cut = await archiveWith('-z')
  truncateSync(cut, 100)
  assertClearError(await build(`tar://${cut}`), [/cannot be used/, /cut off/])
  assertClearError(await build('tar:///nowhere'), [/\/nowhere cannot be read/])
  assertClearError(await build('tar://stdin'), [/standard input cannot be used/])
})
