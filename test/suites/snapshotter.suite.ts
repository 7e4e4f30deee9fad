import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Changes, Snapshotter } from '../../src/snapshot/snapshotter.ts'
import { showPath } from '../../src/tar/raw-path.ts'
import { renameTree } from '../support/rename-tree.ts'
import { rehearse } from '../unit/snapshot/rehearsal.ts'

/** A root that a snapshotter watches from now on. */
export interface WatchedRoot {
  readonly root: string
  readonly snapshotter: Snapshotter
  /** Makes the changes told last part of what is compared with, where that takes doing. */
  readonly keep?: () => void
}

/** Makes a root that holds what `fill` puts into an empty directory. What it starts ends with the test. */
export type WatchRoot = (t: TestContext, fill: (directory: string) => void) => Promise<WatchedRoot>

export interface SnapshotterTraits {
  /** An overlay gives a name that is changed a file of its own, as Docker's do. */
  readonly keepsNamesTogether: boolean
}

/** What every snapshotter promises. */
export function snapshotterSuite(name: string, watch: WatchRoot, traits: SnapshotterTraits): void {
  const says = (what: string, scene: Scene): void => {
    test(`${name}: ${what}`, async (t) => {
      const { root, snapshotter, keep } = await watch(t, (directory) => {
        fillSample(directory)
        scene.before?.(directory)
        settle(directory)
      })
      await scene.change(root)
      assert.deepEqual(lines(await snapshotter.diff()), scene.expected)
      keep?.()
      assert.deepEqual(lines(await snapshotter.diff()), [], 'the next diff starts from this one')
    })
  }
  for (const [what, scene] of Object.entries(scenes)) says(what, scene)
  if (traits.keepsNamesTogether) for (const [what, scene] of Object.entries(linkScenes)) says(what, scene)

  test(`${name}: each diff tells what has happened since the one before`, async (t) => {
    const { root, snapshotter, keep } = await watch(t, fillSample)
    for (let round = 0; round < 5; round++) {
      writeFileSync(join(root, 'etc/conf'), `round ${round}`)
      assert.deepEqual(lines(await snapshotter.diff()), ['/etc/conf'])
      keep?.()
    }
  })

  test(`${name}: an aborted diff loses nothing`, async (t) => {
    const { root, snapshotter } = await watch(t, fillSample)
    appendFileSync(join(root, 'etc/conf'), 'more')
    const signal = AbortSignal.abort(new Error('stop now'))
    await assert.rejects(snapshotter.diff({ signal }), /stop now/)
    assert.deepEqual(lines(await snapshotter.diff()), ['/etc/conf'])
  })

  test(`${name}: paths come parents first and in byte order, whatever bytes they have`, async (t) => {
    const names = ['a', 'a/b', 'a/b/c', 'a-b', 'a.b', 'a0', 'B', 'é', '\x01', 'z z', '日本', ' ']
    const { root, snapshotter } = await watch(t, fillSample)
    for (const path of names) mkdirSync(join(root, path))
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x80])]), 'no UTF-8')
    const { changed } = await snapshotter.diff()
    const paths = changed.map(({ path }) => Buffer.from(path, 'latin1'))
    const expected = ['', ...names].map((path) => Buffer.from(path)).concat(Buffer.from([0xff, 0x80]))
    assert.deepEqual(paths, expected.sort(byParts))
  })

  test(`${name}: the layer of random changes turns a copy of the old root into the new one`, async (t) => {
    await rehearse((fill) => watch(t, fill), { runs: 25, seed: 20260301 })
  })
}

interface Scene {
  readonly before?: (root: string) => void
  readonly change: (root: string) => void | Promise<void>
  /** One line for each path: what has changed, then what is gone, which has a minus before it. */
  readonly expected: readonly string[]
}

const scenes: Readonly<Record<string, Scene>> = {
  'nothing has changed in an untouched root': { change: () => {}, expected: [] },
  'reading changes nothing': {
    change: (root) => void execFileSync('grep', ['-r', 'content', root]),
    expected: [],
  },
  'a new file comes with the directory it changed': {
    change: (root) => writeFileSync(join(root, 'etc/new'), ''),
    expected: ['/etc', '/etc/new'],
  },
  'content of the same size with its time set back is found': {
    change: (root) => restoringTimes(join(root, 'etc/conf'), (path) => writeFileSync(path, 'CONTENT')),
    expected: ['/etc/conf'],
  },
  'a file exchanged for one of the same size and time is found': {
    change: (root) => {
      const { mtime, atime } = lstatSync(join(root, 'etc/conf'))
      writeFileSync(join(root, 'etc/other'), 'CONTENT')
      utimesSync(join(root, 'etc/other'), atime, mtime)
      restoringTimes(join(root, 'etc'), () => renameSync(join(root, 'etc/other'), join(root, 'etc/conf')))
    },
    expected: ['/etc', '/etc/conf'],
  },
  'modes of files and directories are found': {
    change: (root) => {
      chmodSync(join(root, 'etc/conf'), 0o4755)
      chmodSync(join(root, 'etc'), 0o1777)
    },
    expected: ['/etc', '/etc/conf'],
  },
  'owners of files and directories are found': {
    change: (root) => {
      chownSync(join(root, 'etc/conf'), 0, 7)
      chownSync(join(root, 'usr/lib'), 7, 0)
    },
    expected: ['/etc/conf', '/usr/lib'],
  },
  'times of files and directories are found': {
    change: (root) => {
      utimesSync(join(root, 'etc/conf'), 5, 5)
      utimesSync(join(root, 'usr/lib'), 5, 5)
    },
    expected: ['/etc/conf', '/usr/lib'],
  },
  'extended attributes of files and directories are found': {
    change: (root) => {
      setAttribute(join(root, 'etc/conf'), 'user.a', '1')
      setAttribute(join(root, 'usr/lib'), 'user.a', '1')
    },
    expected: ['/etc/conf', '/usr/lib'],
  },
  "another value of a directory's attribute is found": {
    before: (root) => setAttribute(join(root, 'etc'), 'user.a', '1'),
    change: (root) => setAttribute(join(root, 'etc'), 'user.a', '2'),
    expected: ['/etc'],
  },
  "the loss of a directory's attribute is found": {
    before: (root) => setAttribute(join(root, 'etc'), 'user.a', '1'),
    change: (root) => void execFileSync('setfattr', ['-x', 'user.a', join(root, 'etc')]),
    expected: ['/etc'],
  },
  'a mount point made and removed again leaves no trace': {
    before: (root) => setAttribute(join(root, 'etc'), 'user.a', '1'),
    change: (root) => {
      for (const directory of ['etc', 'usr', '']) {
        restoringTimes(join(root, directory), (path) => {
          mkdirSync(join(path, 'proc'))
          rmSync(join(path, 'proc'), { recursive: true })
        })
      }
    },
    expected: [],
  },
  'only the top of what is removed is told': {
    change: (root) => {
      rmSync(join(root, 'usr'), { recursive: true })
      unlinkSync(join(root, 'etc/conf'))
    },
    expected: ['/', '/etc', '-/etc/conf', '-/usr'],
  },
  'a directory that becomes a file hides what was in it': {
    change: (root) => {
      rmSync(join(root, 'usr'), { recursive: true })
      writeFileSync(join(root, 'usr'), '')
    },
    expected: ['/', '/usr'],
  },
  'a file that becomes a directory is found': {
    change: (root) => {
      unlinkSync(join(root, 'etc/conf'))
      mkdirSync(join(root, 'etc/conf/below'), { recursive: true })
    },
    expected: ['/etc', '/etc/conf', '/etc/conf/below'],
  },
  'a symlink in place of the directory it points to is found': {
    change: (root) => {
      renameTree(join(root, 'usr/lib'), join(root, 'lib'))
      symlinkSync('../lib', join(root, 'usr/lib'))
    },
    expected: ['/', '/lib', '/lib/a.so', '/lib/b.so', '/usr', '/usr/lib'],
  },
  'another target of a symlink is found': {
    before: (root) => symlinkSync('aaa', join(root, 'link')),
    change: (root) => {
      unlinkSync(join(root, 'link'))
      symlinkSync('bbb', join(root, 'link'))
    },
    expected: ['/', '/link'],
  },
  'a directory removed and made again loses what is not in it any more': {
    change: (root) => {
      restoringTimes(join(root, 'usr'), (path) => {
        const { mtime, atime } = lstatSync(join(path, 'lib'))
        rmSync(join(path, 'lib'), { recursive: true })
        mkdirSync(join(path, 'lib'))
        writeFileSync(join(path, 'lib/a.so'), 'a')
        utimesSync(join(path, 'lib'), atime, mtime)
      })
    },
    expected: ['/usr/lib/a.so', '-/usr/lib/b.so'],
  },
  'a renamed directory is new under its name and gone under the other': {
    change: (root) => renameTree(join(root, 'usr/lib'), join(root, 'usr/share')),
    expected: ['/usr', '/usr/share', '/usr/share/a.so', '/usr/share/b.so', '-/usr/lib'],
  },
  'a new name of a file brings the one along that it was made of': {
    change: (root) => linkSync(join(root, 'etc/conf'), join(root, 'conf')),
    expected: ['/', '/conf', '/etc/conf'],
  },
  'a device of the same name but other numbers is found': {
    before: (root) => void execFileSync('mknod', [join(root, 'null'), 'c', '1', '3']),
    change: (root) => {
      unlinkSync(join(root, 'null'))
      execFileSync('mknod', [join(root, 'null'), 'c', '1', '5'])
    },
    expected: ['/', '/null'],
  },
  'a socket is as good as nothing: a new one is not told, and what it replaced is gone': {
    change: async (root) => {
      unlinkSync(join(root, 'etc/conf'))
      rmSync(join(root, 'usr/lib'), { recursive: true })
      for (const path of ['etc/conf', 'etc/new', 'usr/lib']) await leaveSocket(join(root, path))
    },
    expected: ['/etc', '/usr', '-/etc/conf', '-/usr/lib'],
  },
}

const linkScenes: Readonly<Record<string, Scene>> = {
  'a new name of a file brings its other names along': {
    before: (root) => linkSync(join(root, 'etc/conf'), join(root, 'usr/conf')),
    change: (root) => linkSync(join(root, 'usr/conf'), join(root, 'conf')),
    expected: ['/', '/conf', '/etc/conf', '/usr/conf'],
  },
}

function fillSample(root: string): void {
  mkdirSync(join(root, 'etc'))
  mkdirSync(join(root, 'usr/lib'), { recursive: true })
  writeFileSync(join(root, 'etc/conf'), 'content')
  for (const name of ['a', 'b']) writeFileSync(join(root, `usr/lib/${name}.so`), name)
}

/** Times in whole seconds, which utimes sets without loss. */
function settle(root: string): void {
  for (const path of ['', ...readdirSync(root, { recursive: true, encoding: 'utf8' })]) {
    if (!lstatSync(join(root, path)).isSymbolicLink()) utimesSync(join(root, path), 1_700_000_000, 1_700_000_000)
  }
}

function restoringTimes(path: string, change: (path: string) => void): void {
  const { atime, mtime } = lstatSync(path)
  change(path)
  utimesSync(path, atime, mtime)
}

function setAttribute(path: string, name: string, value: string): void {
  execFileSync('setfattr', ['-n', name, '-v', value, path])
}

/** A socket whose server has gone; node would remove the file with it, so it is renamed meanwhile. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}~`)
  await new Promise((resolve) => server.once('listening', resolve))
  renameSync(`${path}~`, path)
  await new Promise((resolve) => server.close(resolve))
}

function lines({ changed, removed }: Changes): readonly string[] {
  return [...changed.map(({ path }) => showPath(path)), ...removed.map((path) => `-${showPath(path)}`)]
}

/** Compares paths part by part, and parts byte by byte. */
function byParts(a: Buffer, b: Buffer): number {
  const [left, right] = [a, b].map((path) => (path.length === 0 ? [] : path.toString('latin1').split('/')))
  for (const [i, part] of (left ?? []).entries()) {
    const other = right?.[i]
    if (other === undefined) return 1
    const order = Buffer.compare(Buffer.from(part, 'latin1'), Buffer.from(other, 'latin1'))
    if (order !== 0) return order
  }
  return (left?.length ?? 0) - (right?.length ?? 0)
}
