import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { parseDestination } from '../../../src/rootfs/copy-destination.ts'
import { deviceOf } from '../../../src/rootfs/copy-node.ts'
import { openSourceFile } from '../../../src/rootfs/open-source.ts'
import { type FileRecord, recordOf } from '../../../src/rootfs/record.ts'
import { entriesOf, isWanted, type SourceFilter } from '../../../src/rootfs/selected-source.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { makeContext } from '../../support/context.ts'
import { openFilesBelow } from '../../support/open-files.ts'
import { type Lifetime, temporaryDirectory } from '../../support/temp.ts'
import { selectedSource } from './copy-scene.ts'

const files = { 'dir/a/one': '1', 'dir/a-b': '2', 'dir/b/c/two': '3', file: 'f', link: { link: 'dir' } } as const

function makeTree(t: Lifetime): string {
  return makeContext(temporaryDirectory(t), files)
}

function changed(error: unknown): boolean {
  return error instanceof HearthError && error.code === 'copy-source'
}

function recordAt(root: string, path: string): FileRecord {
  const record = recordOf(root, rawPath(path))
  assert.ok(record !== undefined)
  return record
}

test('entries come parents first and in byte order of their parts, seen from the source', (t) => {
  const root = makeTree(t)
  const seen = [...entriesOf(selectedSource(root, 'dir'))].map(
    ({ path, record }) => `${path} ${record.path} ${record.type}`,
  )
  assert.deepEqual(seen, [
    ' dir directory',
    'a dir/a directory',
    'a/one dir/a/one file',
    'a-b dir/a-b file',
    'b dir/b directory',
    'b/c dir/b/c directory',
    'b/c/two dir/b/c/two file',
  ])
})

test('a file is its own only entry, and a symlink is not followed', (t) => {
  const root = makeTree(t)
  const paths = (path: string) =>
    [...entriesOf(selectedSource(root, path))].map((entry) => `${entry.path}:${entry.record.type}`)
  assert.deepEqual(paths('file'), [':file'])
  assert.deepEqual(paths('link'), [':symlink'])
})

test('sockets are left out', (t) => {
  const root = makeTree(t)
  const listen =
    "const s = require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))"
  assert.throws(() => execFileSync(process.execPath, ['-e', listen, join(root, 'dir/a/socket')], { stdio: 'ignore' }))
  assert.equal(recordAt(root, 'dir/a/socket').type, 'socket')
  assert.deepEqual(
    [...entriesOf(selectedSource(root, 'dir/a'))].map(({ path }) => path),
    ['', 'one'],
  )
})

test('an ignored directory shows up when something below it is wanted, and is not looked into when pruned', (t) => {
  const root = makeTree(t)
  const asked: string[] = []
  const filter: SourceFilter = {
    ignores: (path) => {
      asked.push(path)
      return path !== 'dir/b/c/two'
    },
    prunes: (directory) => directory === 'dir/a',
  }
  const source = { ...selectedSource(root, 'dir'), filter }
  assert.deepEqual(
    [...entriesOf(source)].map(({ path }) => path),
    ['', 'b', 'b/c', 'b/c/two'],
  )
  assert.ok(!asked.includes('dir/a/one'))
})

test('a path is wanted unless it is ignored with everything below it', (t) => {
  const root = makeTree(t)
  const only = (wanted: string): SourceFilter => ({ ignores: (path) => path !== wanted, prunes: () => false })
  const isWantedAt = (path: string, filter: SourceFilter) => isWanted({ ...selectedSource(root, path), filter })
  assert.equal(isWantedAt('file', only('file')), true)
  assert.equal(isWantedAt('file', only('dir/a/one')), false)
  assert.equal(isWantedAt('dir', only('dir/b/c/two')), true)
  assert.equal(isWantedAt('dir/a', only('dir/b/c/two')), false)
  assert.equal(isWantedAt('dir', { ...only('dir/b/c/two'), prunes: () => true }), false)
  assert.equal(isWanted(selectedSource(root, 'file')), true)
})

test('a source that has gone, or is a directory no more, is an error', (t) => {
  const root = makeTree(t)
  const [directory, file] = [selectedSource(root, 'dir'), selectedSource(root, 'file')]
  rmSync(join(root, 'dir'), { recursive: true })
  assert.throws(() => [...entriesOf(directory)], changed)
  symlinkSync('/etc', join(root, 'dir'))
  assert.throws(() => [...entriesOf(directory)], changed)
  unlinkSync(join(root, 'file'))
  assert.throws(() => [...entriesOf(file)], changed)
  mkdirSync(join(root, 'file'))
  assert.throws(() => [...entriesOf(file)], changed)
})

test('a recorded file is opened for reading', (t) => {
  const root = makeTree(t)
  const descriptor = openSourceFile(root, recordAt(root, 'dir/a/one'))
  try {
    assert.equal(readFileSync(descriptor, 'utf8'), '1')
  } finally {
    closeSync(descriptor)
  }
})

test('a file with any name is opened, also below a root reached through a symlink', (t) => {
  const root = makeTree(t)
  const name = Buffer.from([0xff, 0x0a, 0x20])
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'odd')
  const linked = `${root}-linked`
  symlinkSync(root, linked)
  const record = recordOf(linked, name.toString('latin1') as ReturnType<typeof rawPath>)
  assert.ok(record !== undefined)
  const descriptor = openSourceFile(linked, record)
  assert.equal(readFileSync(descriptor, 'utf8'), 'odd')
  closeSync(descriptor)
})

for (const [what, exchange] of [
  ['a file in its place', (root: string) => renameSync(join(root, 'dir/a-b'), join(root, 'dir/a/one'))],
  ['nothing in its place', (root: string) => unlinkSync(join(root, 'dir/a/one'))],
  ['a symlink in its place', (root: string) => linkTo('/etc/passwd', join(root, 'dir/a/one'))],
  ['a pipe in its place', (root: string) => pipeAt(join(root, 'dir/a/one'))],
  ['a symlink in place of its directory', (root: string) => moveAndLink(join(root, 'dir/a'))],
  ['a file in place of its directory', (root: string) => fileAt(join(root, 'dir/a'))],
] as const) {
  test(`with ${what}, a recorded file is not opened`, (t) => {
    const root = makeTree(t)
    const record = recordAt(root, 'dir/a/one')
    exchange(root)
    assert.throws(() => openSourceFile(root, record), changed)
    assert.deepEqual(openFilesBelow(root), [])
  })
}

function linkTo(target: string, path: string): void {
  unlinkSync(path)
  symlinkSync(target, path)
}

function pipeAt(path: string): void {
  unlinkSync(path)
  execFileSync('mkfifo', [path])
}

/** The file itself is still reached, but by way of a symlink. */
function moveAndLink(directory: string): void {
  renameSync(directory, `${directory}-moved`)
  symlinkSync(`${directory}-moved`, directory)
}

function fileAt(directory: string): void {
  rmSync(directory, { recursive: true })
  writeFileSync(directory, '')
}

test('a destination is a directory when its text says so', () => {
  const read = (text: string, workdir = '/work') => {
    const { path, isDirectory } = parseDestination(text, workdir)
    return `${path}${isDirectory ? '/' : ''}`
  }
  assert.equal(read('/a/b'), 'a/b')
  assert.equal(read('/a/b/'), 'a/b/')
  assert.equal(read('b'), 'work/b')
  assert.equal(read('b/'), 'work/b/')
  assert.equal(read('.'), 'work/')
  assert.equal(read('./b'), 'work/b')
  assert.equal(read('b/.'), 'work/b/')
  assert.equal(read('..'), '/')
  assert.equal(read('../../../x'), 'x')
  assert.equal(read(''), 'work/')
  assert.equal(read('/'), '/')
  assert.equal(read('/...'), '...')
  assert.equal(read('a..'), 'work/a..')
})

test('device numbers are taken apart as the kernel puts them together', (t) => {
  const root = makeTree(t)
  for (const [major, minor] of [
    [1, 3],
    [259, 70_000],
    [4095, 1_048_575],
    [0, 0],
  ] as const) {
    execFileSync('mknod', [join(root, `${major}-${minor}`), 'c', `${major}`, `${minor}`])
    assert.deepEqual(deviceOf(recordAt(root, `${major}-${minor}`).rdev), { major, minor })
  }
})
