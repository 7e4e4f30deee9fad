import assert from 'node:assert/strict'
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TouchedFile } from '../../../src/rootfs/touched-file.ts'
import { waitForNextTick } from '../../../src/snapshot/next-tick.ts'
import { walkSnapshotter } from '../../../src/snapshot/walk-snapshotter.ts'
import { snapshotterSuite } from '../../suites/snapshotter.suite.ts'
import { run, succeeded } from '../../support/command.ts'
import { runIn } from '../../support/isolated.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { childProgram } from '../content/support.ts'

snapshotterSuite('walk', async (t, fill) => {
  const root = temporaryDirectory(t)
  fill(root)
  return { root, snapshotter: await walkSnapshotter(root, { mode: 'full' }) }
})

for (const mode of ['full', 'redo', 'time'] as const) {
  test(`mode ${mode} finds what leaves size and time alone: content, mode, owner, attributes`, async (t) => {
    const root = temporaryDirectory(t)
    const names = ['attribute', 'content', 'mode', 'owner', 'untouched']
    for (const name of names) {
      writeFileSync(join(root, name), 'content')
      utimesSync(join(root, name), 1000, 1000)
    }
    const snapshotter = await walkSnapshotter(root, { mode })
    writeFileSync(join(root, 'content'), 'CONTENT')
    utimesSync(join(root, 'content'), 1000, 1000)
    chmodSync(join(root, 'mode'), 0o600)
    chownSync(join(root, 'owner'), 1, 1)
    await run('setfattr', ['-n', 'user.a', '-v', '1', join(root, 'attribute')])
    const { changed, removed } = await snapshotter.diff()
    assert.deepEqual(
      changed.map(({ path }) => path),
      names.slice(0, -1),
    )
    assert.deepEqual(removed, [])
  })
}

test('no file is opened but those that have changed', async (t) => {
  const directory = temporaryDirectory(t)
  const root = join(directory, 'root')
  mkdirSync(join(root, 'etc'), { recursive: true })
  for (const name of ['quiet', 'busy', 'still']) writeFileSync(join(root, 'etc', name), name)
  const trace = join(directory, 'trace')
  const program = childProgram(import.meta.url, 'write-changes.ts')
  const strace = ['-f', '-q', '-e', 'trace=open,openat,openat2,creat', '-o', trace]
  const shown = await run('strace', [...strace, process.execPath, program, root, 'etc/busy'])
  assert.equal(shown, 'etc 0\netc/busy 8\n')
  const calls = (await run('cat', [trace])).split('\n').filter((line) => line.includes(`"${root}/`))
  const opened = new Set(calls.map((line) => /"([^"]*)"/.exec(line)?.[1]))
  assert.deepEqual([...opened].sort(), [`${root}/etc`, `${root}/etc/busy`])
})

test('something mounted in the root is refused with its place, also a file, and also on the same filesystem', async (t) => {
  const root = temporaryDirectory(t)
  const place = join(root, 'a b\\c')
  mkdirSync(place)
  writeFileSync(join(root, 'file'), '')
  const watch = [process.execPath, childProgram(import.meta.url, 'watch.ts'), root]
  const tiny = succeeded(await runIn({ tiny: [{ directory: place, bytes: 65_536 }] }, watch), watch)
  assert.equal(tiny.stdout, "HearthError: Something is mounted in a stage's root filesystem, at /a b\\c\n")
  const bound = succeeded(await runIn({ readOnly: [join(root, 'file')] }, watch), watch)
  assert.match(bound.stdout, /mounted in a stage's root filesystem, at \/file\n/)
  assert.equal(await run(process.execPath, watch.slice(1)), 'watched\n')
})

test('a mount next to the root is none of its business', async (t) => {
  const directory = temporaryDirectory(t)
  for (const name of ['root', 'root-beside']) mkdirSync(join(directory, name))
  const watch = [process.execPath, childProgram(import.meta.url, 'watch.ts'), join(directory, 'root')]
  const beside = { directory: join(directory, 'root-beside'), bytes: 65_536 }
  assert.equal(succeeded(await runIn({ tiny: [beside] }, watch), watch).stdout, 'watched\n')
})

test('a root that is missing is an error, when it is watched and when it is compared', async (t) => {
  const root = join(temporaryDirectory(t), 'root')
  await assert.rejects(walkSnapshotter(root, { mode: 'full' }), { code: 'ENOENT' })
  mkdirSync(root)
  const snapshotter = await walkSnapshotter(root, { mode: 'full' })
  renameSync(root, `${root}-gone`)
  await assert.rejects(snapshotter.diff(), { code: 'ENOENT' })
})

test('what changes after a walk gets another ctime: the walk ends with a later tick than it began with', async () => {
  const since = performance.now()
  await waitForNextTick({ since, hasFractions: true })
  assert.ok(performance.now() - since >= 10)
  await waitForNextTick({ since, hasFractions: true })
  await waitForNextTick({ since, hasFractions: false })
  assert.ok(performance.now() - since >= 1000, 'where times are whole seconds')
})

test('waiting for the tick ends with the build', async () => {
  const signal = AbortSignal.abort(new Error('stop now'))
  await assert.rejects(waitForNextTick({ since: performance.now(), hasFractions: false, signal }), {
    name: 'AbortError',
  })
})

test('what is known to have been touched and nothing more is no change; anything beyond that is', async (t) => {
  const root = temporaryDirectory(t)
  const names = ['content', 'replaced', 'touched', 'twice', 'unknown']
  for (const name of names) writeFileSync(join(root, name), 'content')
  const snapshotter = await walkSnapshotter(root, { mode: 'full' })
  const touched: TouchedFile[] = []
  const touch = (name: string): void => {
    const path = join(root, name)
    const { dev, ino, ctimeNs: before } = lstatSync(path, { bigint: true })
    for (const [from, to] of [[path, `${path}-aside`] as const, [`${path}-aside`, path] as const]) renameSync(from, to)
    touched.push({ dev, ino, before, after: lstatSync(path, { bigint: true }).ctimeNs })
  }
  for (const name of ['content', 'replaced', 'touched', 'twice']) touch(name)
  await waitForNextTick({ since: performance.now(), hasFractions: true })
  touch('twice')
  const { atime, mtime } = lstatSync(join(root, 'content'))
  writeFileSync(join(root, 'content'), 'CONTENT')
  utimesSync(join(root, 'content'), atime, mtime)
  writeFileSync(join(root, 'other'), 'content')
  renameSync(join(root, 'other'), join(root, 'replaced'))
  chmodSync(join(root, 'unknown'), 0o644)
  const { changed } = await snapshotter.diff({ touched })
  assert.deepEqual(
    changed.map(({ path }) => path),
    ['', 'content', 'replaced', 'unknown'],
  )
})
