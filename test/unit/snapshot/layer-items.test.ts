import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { applyLayer } from '../../../src/rootfs/apply.ts'
import { layerItems } from '../../../src/snapshot/layer-items.ts'
import type { Changes } from '../../../src/snapshot/snapshotter.ts'
import { walkSnapshotter } from '../../../src/snapshot/walk-snapshotter.ts'
import { collect } from '../../../src/stream/bytes.ts'
import type { TarItem } from '../../../src/tar/entry.ts'
import { writeTar } from '../../../src/tar/write.ts'
import { run } from '../../support/command.ts'
import { openFilesBelow } from '../../support/open-files.ts'
import { silentLog } from '../../support/silent-log.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { applyChanges, checkMembers, copyTree, differences } from './rehearsal.ts'

interface Watched {
  readonly root: string
  diff(): Promise<Changes>
  /** What has changed, as the names GNU tar lists. */
  list(): Promise<readonly string[]>
}

async function watched(t: TestContext, fill: (root: string) => void = () => {}): Promise<Watched> {
  const root = join(temporaryDirectory(t), 'root')
  mkdirSync(root)
  fill(root)
  const snapshotter = await walkSnapshotter(root, { mode: 'full' })
  return {
    root,
    diff: () => snapshotter.diff(),
    list: async () => listTar(await collect(writeTar(layerItems(root, await snapshotter.diff())), 1 << 24)),
  }
}

async function listTar(bytes: Uint8Array, flags: readonly string[] = []): Promise<readonly string[]> {
  const options = { input: bytes, encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } } as const
  const listed = execFileSync('tar', ['--quoting-style=literal', ...flags, '-tf', '-'], options)
  return listed.split('\n').filter((line) => line !== '')
}

function fillSample(root: string): void {
  mkdirSync(join(root, 'usr/lib'), { recursive: true })
  mkdirSync(join(root, 'usr/share/doc'), { recursive: true })
  for (const name of ['a', 'b', 'c']) writeFileSync(join(root, `usr/lib/${name}`), name)
}

test('what is gone comes before its siblings, and directories on the way are there once', async (t) => {
  const { root, list } = await watched(t, fillSample)
  writeFileSync(join(root, 'usr/lib/a'), 'changed')
  writeFileSync(join(root, 'usr/lib/+before-a-dot'), '')
  unlinkSync(join(root, 'usr/lib/c'))
  unlinkSync(join(root, 'usr/lib/b'))
  rmSync(join(root, 'usr/share/doc'), { recursive: true })
  assert.deepEqual(await list(), [
    'usr/',
    'usr/lib/',
    'usr/lib/.wh.b',
    'usr/lib/.wh.c',
    'usr/lib/+before-a-dot',
    'usr/lib/a',
    'usr/share/',
    'usr/share/.wh.doc',
  ])
})

test('what is gone from a directory comes before all that lies below it, however deep', async (t) => {
  const { root, list } = await watched(t, (root) => {
    fillSample(root)
    writeFileSync(join(root, 'zz'), '')
    writeFileSync(join(root, 'usr/z'), '')
  })
  for (const path of ['usr/lib/b', 'usr/z', 'zz']) unlinkSync(join(root, path))
  const names = (await list()).filter((name) => !/^\.?\/$/.test(name))
  assert.deepEqual(names, ['.wh.zz', 'usr/', 'usr/.wh.z', 'usr/lib/', 'usr/lib/.wh.b'])
})

test('an unchanged directory on the way keeps its mode, owner and time wherever the layer is applied', async (t) => {
  const { root, diff } = await watched(t, (root) => {
    mkdirSync(join(root, 'secret/place'), { recursive: true })
    writeFileSync(join(root, 'secret/place/file'), 'old')
    chmodSync(join(root, 'secret'), 0o2750)
    execFileSync('chown', ['3:4', join(root, 'secret')])
    utimesSync(join(root, 'secret'), 1000, 1000)
  })
  writeFileSync(join(root, 'secret/place/file'), 'new')
  const changes = await diff()
  assert.deepEqual(
    changes.changed.map(({ path }) => path),
    ['secret/place/file'],
  )
  const elsewhere = temporaryDirectory(t)
  await applyChanges(root, changes, elsewhere)
  const stat = await run('stat', ['-c', '%a %u:%g %Y', join(elsewhere, 'secret')])
  assert.equal(stat, '2750 3:4 1000\n')
})

test('the root itself is a member only when it has changed', async (t) => {
  const { root, list } = await watched(t, fillSample)
  chmodSync(join(root, 'usr'), 0o711)
  assert.deepEqual(await list(), ['usr/'])
  chmodSync(root, 0o711)
  const [top, ...others] = await list()
  assert.match(top ?? '', /^\.?\/$/)
  assert.deepEqual(others, [])
})

test('of several names the first is the file and the others are links to it', async (t) => {
  const { root, diff } = await watched(t)
  mkdirSync(join(root, 'z'))
  writeFileSync(join(root, 'z/last'), 'shared')
  linkSync(join(root, 'z/last'), join(root, 'first'))
  linkSync(join(root, 'z/last'), join(root, 'z/between'))
  execFileSync('setfattr', ['-n', 'user.a', '-v', '1', join(root, 'first')])
  const changes = await diff()
  const lines = await listTar(await collect(writeTar(layerItems(root, changes)), 1 << 20), ['-v'])
  const links = lines.filter((line) => line.startsWith('h')).map((line) => line.replace(/^.*\d\d:\d\d /, ''))
  assert.deepEqual(links, ['z/between link to first', 'z/last link to first'])
  assert.deepEqual(
    [...layerItems(root, changes)].map(({ entry }) => `${entry.path} ${entry.type} ${entry.xattrs.size}`),
    [' directory 0', 'first file 1', 'z directory 0', 'z/between hardlink 0', 'z/last hardlink 0'],
  )
})

test('a new name of an old file is a link in the image, too', async (t) => {
  const { root, diff } = await watched(t, fillSample)
  const copy = join(temporaryDirectory(t), 'copy')
  await copyTree(root, copy)
  linkSync(join(root, 'usr/lib/c'), join(root, 'usr/lib/a-new-name'))
  const changes = await diff()
  await applyChanges(root, changes, copy)
  assert.deepEqual(await differences(root, copy, changes), [])
  const inodes = await run('stat', ['-c', '%i', join(copy, 'usr/lib/c'), join(copy, 'usr/lib/a-new-name')])
  assert.equal(new Set(inodes.trim().split('\n')).size, 1)
})

test('everything an image can hold arrives: types, modes, links, devices, attributes, odd names, large files', async (t) => {
  const { root, diff } = await watched(t)
  const copy = join(temporaryDirectory(t), 'copy')
  await copyTree(root, copy)
  mkdirSync(join(root, 'd'.repeat(120)))
  writeFileSync(join(root, 'd'.repeat(120), 'f'.repeat(250)), 'deep')
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x0a, 0x5c])]), 'odd')
  writeFileSync(join(root, 'large'), Buffer.alloc((3 << 20) + 17, 'large '))
  writeFileSync(join(root, 'empty'), '')
  symlinkSync(`${'../'.repeat(60)}nowhere`, join(root, 'link'))
  lutimesSync(join(root, 'link'), 12, 12)
  linkSync(join(root, 'link'), join(root, 'link-twice'))
  for (const [name, ...numbers] of [
    ['pipe', 'p'],
    ['null', 'c', '1', '3'],
    ['disk', 'b', '259', '70000'],
  ]) {
    execFileSync('mknod', [join(root, name as string), ...numbers])
  }
  writeFileSync(join(root, 'ping'), 'x')
  execFileSync('setcap', ['cap_net_raw+ep', join(root, 'ping')])
  execFileSync('setfattr', ['-n', 'user.bytes', '-v', '0x00ff0a3d', join(root, 'ping')])
  execFileSync('chown', ['-h', '2000000:3000000', join(root, 'link')])
  chmodSync(join(root, 'empty'), 0o6755)
  execFileSync('touch', ['-d', '@-5.5', join(root, 'empty')])
  const changes = await diff()
  checkMembers([...layerItems(root, changes)])
  await applyChanges(root, changes, copy)
  assert.deepEqual(await differences(root, copy, changes), [])
})

test('equal roots give equal layers', async (t) => {
  const tars: string[] = []
  for (let i = 0; i < 2; i++) {
    const { root, diff } = await watched(t)
    fillSample(root)
    execFileSync('find', [root, '-exec', 'touch', '-d', '2020-01-01', '{}', '+'])
    tars.push((await collect(writeTar(layerItems(root, await diff())), 1 << 20)).toString('latin1'))
  }
  assert.equal(tars[0], tars[1])
})

test('clamped times are no later than asked for, and earlier ones stay', async (t) => {
  const { root, diff } = await watched(t, (root) => mkdirSync(join(root, 'old')))
  writeFileSync(join(root, 'old/new'), '')
  writeFileSync(join(root, 'before'), '')
  execFileSync('touch', ['-d', '@-7', join(root, 'before')])
  const changes = await diff()
  const times = [...layerItems(root, changes, { clampMtimeNs: 0n })].map(({ entry }) => [entry.path, entry.mtimeNs])
  assert.deepEqual(times, [
    ['', 0n],
    ['before', -7_000_000_000n],
    ['old', 0n],
    ['old/new', 0n],
  ])
})

test('a whiteout tells nothing but a name', async (t) => {
  const { root, diff } = await watched(t, fillSample)
  unlinkSync(join(root, 'usr/lib/a'))
  const items = [...layerItems(root, await diff())]
  const whiteout = items.find(({ entry }) => entry.path === 'usr/lib/.wh.a') as TarItem
  const { xattrs, ...entry } = whiteout.entry
  assert.deepEqual(entry, { type: 'file', path: 'usr/lib/.wh.a', mode: 0, uid: 0, gid: 0, mtimeNs: 0n, size: 0 })
  assert.equal(xattrs.size, 0)
})

test('no changes make an empty layer', async (t) => {
  const { list } = await watched(t, fillSample)
  assert.deepEqual(await list(), [])
})

for (const name of ['.wh.file', '.wh..wh..opq']) {
  test(`a file called ${name} is refused, as it would delete something`, async (t) => {
    const { root, diff } = await watched(t, fillSample)
    writeFileSync(join(root, 'usr/lib', name), '')
    const changes = await diff()
    assert.throws(() => [...layerItems(root, changes)], refusal(`/usr/lib/${name} cannot be stored in an image`))
  })
}

test('a file in a directory called .wh.d is refused, and so is the removal of such a name', async (t) => {
  const { root, diff } = await watched(t, (root) => {
    mkdirSync(join(root, '.wh.d'))
    writeFileSync(join(root, '.wh.d/file'), '')
  })
  appendFileSync(join(root, '.wh.d/file'), 'more')
  const first = await diff()
  assert.throws(() => [...layerItems(root, first)], refusal('/.wh.d cannot be stored'))
  rmSync(join(root, '.wh.d'), { recursive: true })
  const second = await diff()
  assert.throws(() => [...layerItems(root, second)], refusal('/.wh.d cannot be stored'))
})

for (const [how, change] of [
  ['shrinks', (path: string) => truncateSync(path, 3)],
  ['grows', (path: string) => appendFileSync(path, 'more')],
  ['is removed', (path: string) => unlinkSync(path)],
  ['becomes a symlink', (path: string) => replaceByLink(path)],
] as const) {
  for (const size of [2000, 3 << 20]) {
    test(`a file of ${size} bytes that ${how} before it is read is an error that names it`, async (t) => {
      const { root, diff } = await watched(t)
      writeFileSync(join(root, 'file'), Buffer.alloc(size, 1))
      const changes = await diff()
      const tar = writeTar(items(root, changes, () => change(join(root, 'file'))))
      await assert.rejects(
        collect(tar, 1 << 24),
        (error) => error instanceof HearthError && /^\/file changed/.test(error.message),
      )
    })
  }
}

function replaceByLink(path: string): void {
  unlinkSync(path)
  symlinkSync('/etc/passwd', path)
}

/** The members of a layer, with something that happens before the file's content is asked for. */
function* items(root: string, changes: Changes, before: () => void): Generator<TarItem> {
  for (const item of layerItems(root, changes)) {
    if (item.entry.type === 'file') before()
    yield item
  }
}

test('a directory that is gone before it is written is an error that names it', async (t) => {
  const { root, diff } = await watched(t, fillSample)
  unlinkSync(join(root, 'usr/lib/a'))
  const { removed } = await diff()
  rmSync(join(root, 'usr'), { recursive: true })
  assert.throws(() => [...layerItems(root, { changed: [], removed })], refusal('/usr changed while'))
})

test('a file is open only while its content is read', async (t) => {
  const { root, diff } = await watched(t)
  for (let i = 0; i < 300; i++) writeFileSync(join(root, `file-${i}`), 'x')
  const changes = await diff()
  assert.equal(changes.changed.length, 301)
  const opened = [...layerItems(root, changes)].map(({ open }) => open?.() ?? [])
  for (const content of opened) {
    for await (const chunk of content) assert.equal(chunk.byteLength, 1)
    assert.deepEqual(openFilesBelow(root), [])
  }
})

test('a reader that stops early leaves no file open', async (t) => {
  const { root, diff } = await watched(t)
  for (const [name, size] of [
    ['small', 1000],
    ['large', 3 << 20],
  ] as const)
    writeFileSync(join(root, name), Buffer.alloc(size))
  for (const { open } of layerItems(root, await diff())) {
    for await (const chunk of open?.() ?? []) {
      assert.ok(chunk.byteLength > 0)
      assert.equal(openFilesBelow(root).length, 1)
      break
    }
    assert.deepEqual(openFilesBelow(root), [])
  }
})

function refusal(message: string): (error: unknown) => boolean {
  return (error) => error instanceof HearthError && error.code === 'layer-invalid' && error.message.includes(message)
}

test('GNU tar extracts a layer to what it describes', async (t) => {
  const { root, diff } = await watched(t)
  fillSample(root)
  writeFileSync(join(root, `${'long '.repeat(30)}name`), 'x')
  symlinkSync('usr/lib', join(root, 'lib'))
  linkSync(join(root, 'usr/lib/a'), join(root, 'usr/lib/a-again'))
  const tar = await collect(writeTar(layerItems(root, await diff())), 1 << 20)
  const to = temporaryDirectory(t)
  execFileSync('tar', ['-x', '-p', '-C', to], { input: tar })
  assert.deepEqual(await differences(root, to), [])
})

test('names and link targets with control characters come through', async (t) => {
  const { root, diff } = await watched(t)
  writeFileSync(join(root, 'a\nb'), 'x')
  symlinkSync('x\ny\t', join(root, 'link'))
  linkSync(join(root, 'a\nb'), join(root, 'z'))
  const to = temporaryDirectory(t)
  const tar = writeTar(layerItems(root, await diff()))
  await applyLayer(to, tar, { log: silentLog })
  assert.deepEqual(await differences(root, to), [])
  assert.equal(readlinkSync(join(to, 'link')), 'x\ny\t')
})

test('an attribute taken off a directory is gone from it in the image, too', async (t) => {
  const before = (root: string): void => {
    mkdirSync(join(root, 'dir'))
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'x', join(root, 'dir')])
  }
  const { root, diff } = await watched(t, before)
  const to = temporaryDirectory(t)
  execFileSync('cp', ['-a', `${root}/.`, to])
  execFileSync('setfattr', ['-x', 'user.note', join(root, 'dir')])
  await applyLayer(to, writeTar(layerItems(root, await diff())), { log: silentLog })
  assert.equal(execFileSync('getfattr', ['-d', join(to, 'dir')], { encoding: 'utf8' }), '')
})
