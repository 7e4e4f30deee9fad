import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, renameSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ignoredPaths } from '../../../../src/rootfs/ignored-paths.ts'
import type { Changes } from '../../../../src/snapshot/snapshotter.ts'
import { walkSnapshotter } from '../../../../src/snapshot/walk-snapshotter.ts'
import { rawPath, showPath } from '../../../../src/tar/raw-path.ts'
import { run } from '../../../support/command.ts'
import { play } from '../../rootfs/children/machine-root.ts'

function lines({ changed, removed }: Changes): readonly string[] {
  return [...changed.map(({ path }) => showPath(path)), ...removed.map((path) => `-${showPath(path)}`)]
}

await play({
  async passesOver({ root, ignored }) {
    const snapshotter = await walkSnapshotter(root, { mode: 'full', ignored })
    for (const path of ['proc/new', 'kaniko/mounts/new', 'etc/resolv.conf']) writeFileSync(join(root, path), 'new')
    utimesSync(join(root, 'etc'), 1, 1)
    utimesSync(join(root, 'kaniko/mounts'), 1, 1)
    assert.deepEqual(lines(await snapshotter.diff()), ['/etc'])
    writeFileSync(join(root, 'var/run/pid'), '')
    rmSync(join(root, 'proc/new'))
    assert.deepEqual(lines(await snapshotter.diff()), ['/var/run', '/var/run/pid'])
    rmSync(join(root, 'var/run/pid'))
    rmSync(join(root, 'etc/resolv.conf'))
    utimesSync(join(root, 'etc'), 1, 1)
    assert.deepEqual(lines(await snapshotter.diff()), ['/var/run', '-/var/run/pid'])
  },

  async mountedMeanwhile({ root, ignored }) {
    for (const path of ['mnt/deep/er', 'mnt-beside', 'opt']) mkdirSync(join(root, path), { recursive: true })
    const files = ['mnt/deep/er/one', 'mnt/deep/two', 'mnt/three', 'opt/last', 'opt/lib']
    for (const path of files) writeFileSync(join(root, path), '')
    const snapshotter = await walkSnapshotter(root, { mode: 'full', ignored })
    await run('mount', ['-t', 'tmpfs', '-o', 'size=65536', 'tmpfs', join(root, 'mnt')])
    await run('mount', ['--bind', join(root, 'etc/hosts'), join(root, 'opt/last')])
    writeFileSync(join(root, 'mnt/on-the-tmpfs'), '')
    appendFileSync(join(root, 'opt/lib'), 'changed')
    assert.deepEqual(lines(await snapshotter.diff()), ['/opt/lib'])
    assert.deepEqual(lines(await snapshotter.diff()), [])
    await run('umount', [join(root, 'mnt')])
    await run('umount', [join(root, 'opt/last')])
    unlinkSync(join(root, 'mnt/deep/er/one'))
    appendFileSync(join(root, 'mnt/deep/two'), 'changed')
    assert.deepEqual(lines(await snapshotter.diff()), ['/mnt/deep/er', '/mnt/deep/two', '-/mnt/deep/er/one'])
    assert.deepEqual(lines(await snapshotter.diff()), [])
  },

  async asksEveryTime({ root, ignored }) {
    mkdirSync(join(root, 'data'))
    for (const name of ['a', 'b']) writeFileSync(join(root, 'data', name), '')
    let own: readonly string[] = []
    const snapshotter = await walkSnapshotter(root, { mode: 'full', ignored: () => ignored(...own) })
    own = ['data/a']
    renameSync(join(root, 'data/a'), join(root, 'data/c'))
    assert.deepEqual(lines(await snapshotter.diff()), ['/data', '/data/c'])
    own = []
    assert.deepEqual(lines(await snapshotter.diff()), ['-/data/a'])
  },

  async refuses({ root, ignored, ignoredBut }) {
    for (const path of ['etc/hosts', 'proc', 'var/run/secrets/tokens']) {
      const watched = walkSnapshotter(root, { mode: 'full', ignored: () => ignoredBut(path) })
      await assert.rejects(watched, { code: 'internal', message: new RegExp(`root filesystem, at /${path}$`) })
    }
    await assert.rejects(walkSnapshotter(root, { mode: 'full' }), /mounted in a stage's root/)
    let known = ignored()
    const snapshotter = await walkSnapshotter(root, { mode: 'full', ignored: () => known })
    known = ignoredPaths([rawPath('kaniko')])
    await assert.rejects(snapshotter.diff(), /mounted in a stage's root/)
    known = ignored()
    assert.deepEqual(lines(await snapshotter.diff()), [], 'a walk that failed has changed nothing')
  },

  /** Even lstat would wait here for ever, or fail: a filesystem whose server has gone. */
  async looksAtNothing({ root }) {
    const trace = join(root, '../trace')
    const program = join(import.meta.dirname, 'watch-machine.ts')
    const known = ['proc', 'etc/hosts', 'var/run/secrets/tokens', 'kaniko']
    const strace = ['-f', '-q', '-e', 'trace=file', '-o', trace]
    assert.equal(await run('strace', [...strace, process.execPath, program, root, ...known]), 'watched\n')
    const calls = (await run('cat', [trace])).split('\n').flatMap((line) => /"([^"]*)"/.exec(line)?.[1] ?? [])
    assert.ok(calls.includes(`${root}/var/run/secrets`))
    for (const path of known) assert.ok(!calls.some((call) => call.startsWith(`${root}/${path}`)), path)
  },
})
