import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, renameSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { noRepositories } from '../../../src/build/no-repositories.ts'
import { type AddPlace, digestAdd, placeAdd, selectAdd } from '../../../src/build/steps/add.ts'
import { digestCopy, placeCopy, selectCopy } from '../../../src/build/steps/copy.ts'
import { openContext } from '../../../src/context/open-context.ts'
import { HearthError } from '../../../src/errors.ts'
import { createHttpClient } from '../../../src/http/http-client.ts'
import type { AddStep, CopyStep } from '../../../src/plan/step.ts'
import { makeContext } from '../../support/context.ts'
import { readTree } from '../../support/image-tree.ts'
import { silentLog } from '../../support/silent-log.ts'
import { type Lifetime, temporaryDirectory } from '../../support/temp.ts'

const http = createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'hearth-test' })
after(() => http[Symbol.asyncDispose]())

const files = { file: 'old', 'dir/one': '1', 'dir/sub/two': '2', 'dir/link': { link: 'one' }, other: 'x' } as const
const step = { line: 1, text: '', createdBy: '', config: {}, heredocs: [], workdir: '/', destination: '/to/' } as const
const options = { chown: undefined, chmod: undefined, link: false, exclude: [] } as const
const common = { ...step, ...options, origin: { kind: 'context' } } as const

interface Scene {
  readonly directory: string
  readonly root: string
  readonly around: AddPlace
}

function scene(t: Lifetime): Scene {
  const top = temporaryDirectory(t)
  const root = join(top, 'root')
  mkdirSync(root)
  const around = { git: noRepositories, root, directory: top, ignored: undefined, now: new Date(), log: silentLog }
  return { directory: makeContext(top, files), root, around }
}

/** Digests sources of a COPY, lets something happen, and copies them. */
async function copyAfter({ directory, around }: Scene, change: () => void, ...sources: readonly string[]) {
  const copy: CopyStep = { ...common, kind: 'copy', sources, parents: false }
  const from = { kind: 'context', context: await openContext({ context: directory, cwd: '/' }) } as const
  const { sources: digested } = await digestCopy(copy, selectCopy(copy, from, silentLog))
  change()
  await placeCopy(copy, digested, { ...around, from: 'context' })
}

async function addAfter({ directory, root, around }: Scene, change: () => void, ...sources: readonly string[]) {
  const plain = { checksum: undefined, unpack: undefined, keepGitDirectory: false }
  const add: AddStep = { ...common, kind: 'add', sources, ...plain }
  const context = await openContext({ context: directory, cwd: '/' })
  const { selected } = await digestAdd(
    selectAdd(add, { context, http, notes: undefined, log: silentLog, downloads: root }),
    {
      git: noRepositories,
    },
  )
  change()
  await placeAdd(add, selected, around)
}

function changed(name: string): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof HearthError) || error.code !== 'copy-source') return false
    assert.equal(error.message, `/${name} changed while the image was built`)
    return /files that stay as they are/.test(error.fix ?? '')
  }
}

const changes: readonly (readonly [what: string, name: string, change: (path: (name: string) => string) => void])[] = [
  ['a file written anew', 'dir/one', (at) => writeFileSync(at('dir/one'), 'longer')],
  [
    'other bytes behind the same size and time',
    'dir/one',
    (at) => {
      const { atime, mtime } = statSync(at('dir/one'))
      writeFileSync(at('dir/one'), 'X')
      utimesSync(at('dir/one'), atime, mtime)
    },
  ],
  [
    'a file exchanged for another',
    'dir/one',
    (at) => {
      writeFileSync(at('new'), '1')
      renameSync(at('new'), at('dir/one'))
    },
  ],
  ['a file that is gone', 'dir/sub/two', (at) => unlinkSync(at('dir/sub/two'))],
  ['a new file', 'dir/sub/three', (at) => writeFileSync(at('dir/sub/three'), '3')],
  ['a new file behind the last one', 'dir/zzz', (at) => writeFileSync(at('dir/zzz'), 'z')],
  ['another mode of a directory', 'dir/sub', (at) => chmodSync(at('dir/sub'), 0o700)],
  ['an attribute', 'dir/one', (at) => execFileSync('setfattr', ['-n', 'user.a', '-v', '1', at('dir/one')])],
  [
    'another target of a symlink',
    'dir/link',
    (at) => {
      unlinkSync(at('dir/link'))
      symlinkSync('two', at('dir/link'))
    },
  ],
]

for (const [what, name, change] of changes) {
  test(`what a cache knows by its digest is not copied after a change: ${what}`, async (t) => {
    const one = scene(t)
    await assert.rejects(
      copyAfter(one, () => change((path) => join(one.directory, path)), 'dir'),
      changed(name),
    )
  })
}

test('changes of files that are not copied do not matter', async (t) => {
  const one = scene(t)
  const change = (): void => {
    writeFileSync(join(one.directory, 'other'), 'changed')
    writeFileSync(join(one.directory, 'new'), 'new')
  }
  await copyAfter(one, change, 'dir', 'file')
  assert.deepEqual([...(await readTree(one.root)).keys()].sort(), [
    '',
    'to',
    'to/file',
    'to/link',
    'to/one',
    'to/sub',
    'to/sub/two',
  ])
})

test('an ignored file may come into a copied directory', async (t) => {
  const one = scene(t)
  writeFileSync(join(one.directory, '.dockerignore'), '**/*.tmp\n')
  await copyAfter(one, () => writeFileSync(join(one.directory, 'dir/sub/x.tmp'), ''), '.')
  assert.equal((await readTree(one.root)).has('to/dir/sub/x.tmp'), false)
})

test('a local file and an archive of ADD must be what was digested, too', async (t) => {
  const one = scene(t)
  const archive = join(one.directory, 'a.tar')
  execFileSync('tar', ['-C', one.directory, '-cf', archive, 'dir'])
  const touch = (name: string) => (): void => writeFileSync(join(one.directory, name), 'new content')
  await assert.rejects(addAfter(one, touch('file'), 'file'), changed('file'))
  await assert.rejects(addAfter(one, touch('a.tar'), 'a.tar'), changed('a.tar'))
  execFileSync('tar', ['-C', one.directory, '-cf', archive, 'dir'])
  const repack = (): void => void execFileSync('tar', ['-C', one.directory, '-cf', archive, 'other'])
  await assert.rejects(addAfter(one, repack, 'a.tar'), changed('a.tar'))
  await addAfter(one, () => {}, 'a.tar')
  assert.equal((await readTree(one.root)).has('to/other'), true)
})
