import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openContext } from '../../../src/context/open-context.ts'
import { selectSources } from '../../../src/context/select.ts'
import { contextTree, type SourceTree } from '../../../src/context/source-tree.ts'
import { HearthError } from '../../../src/errors.ts'
import { entriesOf } from '../../../src/rootfs/selected-source.ts'
import { makeContext } from '../../support/context.ts'
import { silentLog } from '../../support/silent-log.ts'
import { type Lifetime, temporaryDirectory } from '../../support/temp.ts'

const files = {
  'a.txt': 'a',
  'b.txt': 'b',
  '.hidden': 'h',
  'dir/one': '1',
  'dir/sub/two': '2',
  'dir/sub/three.txt': '3',
  'other/one': 'x',
  'to-dir': { link: 'dir' },
  'to-file': { link: 'dir/one' },
  absolute: { link: '/dir/one' },
  'e-climbing': { link: '../../../../etc/passwd' },
  nowhere: { link: 'absent' },
  'odd [1]': 'o',
} as const

function tree(t: Lifetime): SourceTree & { readonly root: string } {
  return { root: makeContext(temporaryDirectory(t), files), title: 'the build context' }
}

/** What sources select: path, and the name it is copied under where that differs. */
function selected(from: SourceTree, ...sources: readonly string[]): readonly string[] {
  return selectSources(from, sources).map(({ path, name, isDirectory }) => {
    const shown = `${path}${isDirectory ? '/' : ''}`
    return path.endsWith(name) ? shown : `${shown} as ${name}`
  })
}

function refused(says: RegExp): (error: unknown) => boolean {
  return (error) => {
    return (
      error instanceof HearthError && error.code === 'copy-source' && says.test(`${error.message}\n${error.why ?? ''}`)
    )
  }
}

test('sources are files and directories, in the order they are named', (t) => {
  assert.deepEqual(selected(tree(t), 'b.txt', 'dir', 'a.txt', 'dir/sub/'), ['b.txt', 'dir/', 'a.txt', 'dir/sub/'])
})

test('a path starts at the root of the context, however it is written', (t) => {
  const from = tree(t)
  for (const source of [
    'a.txt',
    '/a.txt',
    './a.txt',
    '../a.txt',
    '/../../a.txt',
    'dir/../a.txt',
    './/dir/..//a.txt/',
  ]) {
    assert.deepEqual(selected(from, source), ['a.txt'], source)
  }
  for (const source of ['.', '/', '..', './', '']) assert.deepEqual(selected(from, source), ['/'], source)
})

test('symlinks are followed inside the context, and the file keeps the name it was asked for by', (t) => {
  const from = tree(t)
  assert.deepEqual(selected(from, 'to-file'), ['dir/one as to-file'])
  assert.deepEqual(selected(from, 'absolute'), ['dir/one as absolute'])
  assert.deepEqual(selected(from, 'to-dir'), ['dir/ as to-dir'])
  assert.deepEqual(selected(from, 'to-dir/sub/two'), ['dir/sub/two'])
  assert.deepEqual(selected(from, 'to-dir/../a.txt'), ['a.txt'])
})

test('no symlink leads out of the context, whatever is out there', (t) => {
  const from = tree(t)
  assert.throws(() => selected(from, 'e-climbing'), refused(/e-climbing is not in the build context\n.*symlink/))
  mkdirSync(join(from.root, 'etc'))
  writeFileSync(join(from.root, 'etc/passwd'), 'of the context')
  assert.deepEqual(selected(from, 'e-climbing'), ['etc/passwd as e-climbing'])
  symlinkSync('/', join(from.root, 'top'))
  assert.deepEqual(selected(from, 'top/top/top/etc/passwd'), ['etc/passwd'])
})

test('a source that is not there is an error that names it', (t) => {
  const from = tree(t)
  for (const source of ['absent', 'dir/absent', 'a.txt/below', 'nowhere/below', '/etc/passwd']) {
    assert.throws(
      () => selected(from, source),
      refused(new RegExp(`^${source} is not in the build context\n$`)),
      source,
    )
  }
  assert.throws(() => selected(from, 'nowhere'), refused(/nowhere is not in .*\n.*symlink/))
})

test('a symlink to itself is an error, not a hang', (t) => {
  const from = tree(t)
  symlinkSync('loop', join(from.root, 'loop'))
  symlinkSync('ping/x', join(from.root, 'pong'))
  symlinkSync('pong/x', join(from.root, 'ping'))
  for (const source of ['loop', 'ping', 'ping/deep', 'l*'])
    assert.throws(() => selected(from, source), HearthError, source)
})

test('a wildcard matches in byte order, hidden files too, and never across a slash', (t) => {
  const from = tree(t)
  assert.deepEqual(selected(from, '*.txt'), ['a.txt', 'b.txt'])
  assert.deepEqual(selected(from, '?.txt'), ['a.txt', 'b.txt'])
  assert.deepEqual(selected(from, '[b-z].txt'), ['b.txt'])
  assert.deepEqual(selected(from, '*/one'), ['dir/one', 'other/one'])
  assert.deepEqual(selected(from, 'd*/s*/t*'), ['dir/sub/three.txt', 'dir/sub/two'])
  assert.deepEqual(selected(from, '.h*'), ['.hidden'])
  assert.deepEqual(selected(from, '[a-d]*'), ['a.txt', 'dir/one as absolute', 'b.txt', 'dir/'])
})

test('a wildcard may match nothing', (t) => {
  assert.deepEqual(selected(tree(t), '*.absent', 'absent/*', 'a.txt/*'), [])
})

test('a wildcard character in a name is written as a set of one', (t) => {
  assert.deepEqual(selected(tree(t), 'odd [[]1]'), ['odd [1]'])
})

test('a wildcard follows symlinks before its first part with a wildcard', (t) => {
  assert.deepEqual(selected(tree(t), 'to-dir/o*', 'to-dir/sub/*.txt'), ['dir/one', 'dir/sub/three.txt'])
})

test('names that are no UTF-8 are found by wildcards and in directories', (t) => {
  const from = tree(t)
  writeFileSync(Buffer.concat([Buffer.from(`${from.root}/dir/odd-`), Buffer.from([0xff])]), '')
  assert.deepEqual(selected(from, 'dir/odd-*'), ['dir/odd-\xff'])
  const [directory] = selectSources(from, ['dir'])
  const paths = directory === undefined ? [] : [...entriesOf(directory)].map(({ path }) => path)
  assert.deepEqual(paths, ['', 'odd-\xff', 'one', 'sub', 'sub/three.txt', 'sub/two'])
})

test('a wildcard that matches a symlink to nowhere is an error that names the symlink', (t) => {
  assert.throws(() => selected(tree(t), 'n*'), refused(/^nowhere is not in the build context\n.*symlink/))
})

test('a socket cannot be copied by its name, and wildcards pass it by', (t) => {
  const from = tree(t)
  const listen =
    "const s = require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))"
  try {
    execFileSync(process.execPath, ['-e', listen, join(from.root, 'socket')], { stdio: 'ignore' })
  } catch {}
  assert.throws(() => selected(from, 'socket'), refused(/socket is a socket/))
  assert.deepEqual(selected(from, 'sock*'), [])
  const warnings: string[] = []
  const [all] = selectSources({ ...from, log: { ...silentLog, warn: (text) => void warnings.push(text) } }, ['.'])
  assert.ok(all !== undefined)
  for (const _ of [1, 2]) assert.ok([...entriesOf(all)].every(({ record }) => record.type !== 'socket'))
  assert.deepEqual(warnings, ['/socket is a socket, which an image cannot hold: it is left out'])
})

async function ignoring(t: Lifetime, patterns: string): Promise<SourceTree & { readonly root: string }> {
  const directory = makeContext(temporaryDirectory(t), { ...files, '.dockerignore': patterns })
  return contextTree(await openContext({ context: directory, cwd: '/' }))
}

test('an ignored file is an error that names the ignore file when asked for, and not there for wildcards', async (t) => {
  const from = await ignoring(t, 'a.txt\nother\n')
  assert.throws(
    () => selected(from, 'a.txt'),
    refused(/a\.txt is not in the build context .*\n.*\.dockerignore keeps it out/),
  )
  assert.throws(() => selected(from, 'other/one'), refused(/keeps it out/))
  assert.throws(() => selected(from, 'other'), refused(/keeps it out/))
  assert.deepEqual(selected(from, '?.txt', '*/one'), ['b.txt', 'dir/one'])
})

test('an ignored file cannot be had through a symlink, nor a wanted one through an ignored symlink', async (t) => {
  const from = await ignoring(t, 'dir/one\nto-dir\n')
  assert.throws(() => selected(from, 'to-file'), refused(/keeps it out/))
  assert.throws(() => selected(from, 'absolute'), refused(/keeps it out/))
  assert.throws(() => selected(from, 'to-dir'), refused(/keeps it out/))
})

test('what an exception lets in is there, with the directories on the way to it and nothing else', async (t) => {
  const from = await ignoring(t, '*\n!dir/sub/*.txt\n')
  const [everything] = selectSources(from, ['.'])
  const paths = everything === undefined ? [] : [...entriesOf(everything)].map(({ path }) => path)
  assert.deepEqual(paths, ['', 'dir', 'dir/sub', 'dir/sub/three.txt'])
  assert.deepEqual(selected(from, 'dir/sub', 'd*'), ['dir/sub/', 'dir/'])
  assert.throws(() => selected(from, 'dir/one'), refused(/keeps it out/))
})

test('the whole context can be copied though everything in it is ignored', async (t) => {
  const from = await ignoring(t, '*\n')
  const [everything] = selectSources(from, ['.'])
  const paths = everything === undefined ? [] : [...entriesOf(everything)].map(({ path }) => path)
  assert.deepEqual(paths, [''])
  assert.deepEqual(selected(from, '*'), [])
})
