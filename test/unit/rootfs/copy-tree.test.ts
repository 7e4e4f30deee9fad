import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMode } from '../../../src/dockerfile/mode.ts'
import { HearthError } from '../../../src/errors.ts'
import { copyInto } from '../../../src/rootfs/copy-tree.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { compareTrees, readTree } from '../../support/image-tree.ts'
import { silentLog } from '../../support/silent-log.ts'
import { copyScene, modeAndOwner, selectedSource } from './copy-scene.ts'

function refused(says: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof HearthError && error.code === 'copy-destination' && says.test(error.message)
}

test('a file becomes its destination, or goes into it when that is a directory', async (t) => {
  const { from, root, copy, tree } = copyScene(t)
  writeFileSync(join(from, 'file'), 'content')
  mkdirSync(join(root, 'there'))
  await copy(['file'], '/name')
  await copy(['file'], '/made/on/the/way/name')
  await copy(['file'], '/slash/')
  await copy(['file'], '/there')
  await copy(['file'], '/dot/.')
  await copy(['file'], 'relative', { workdir: '/work/dir' })
  await copy(['file'], '.', { workdir: '/here' })
  await copy(['file'], '../../../../up', { workdir: '/here' })
  const files = [...(await tree())].filter(([, { type }]) => type === 'file').map(([path]) => path)
  const expected = [
    'name',
    'made/on/the/way/name',
    'slash/file',
    'there/file',
    'dot/file',
    'work/dir/relative',
    'here/file',
    'up',
  ]
  assert.deepEqual(files.sort(), expected.sort())
})

test('copies belong to root and keep mode and time; directories made on the way are 0755', async (t) => {
  const { from, copy, tree } = copyScene(t)
  writeFileSync(join(from, 'tool'), '#!')
  chownSync(join(from, 'tool'), 5, 6)
  chmodSync(join(from, 'tool'), 0o4750)
  execFileSync('touch', ['-d', '@1000000000.123456789', join(from, 'tool')])
  await copy(['tool'], '/a/b/tool')
  const copied = await tree()
  assert.equal(modeAndOwner(copied, 'a/b/tool'), '4750 0:0')
  assert.equal(copied.get('a/b/tool')?.mtime, '1000000000.123456789')
  for (const path of ['a', 'a/b']) assert.equal(modeAndOwner(copied, path), '755 0:0')
})

test('files from another image keep their owners', async (t) => {
  const { from, copy, tree } = copyScene(t)
  mkdirSync(join(from, 'dir/sub'), { recursive: true })
  writeFileSync(join(from, 'dir/sub/file'), '')
  execFileSync('chown', ['-R', '70000:80000', join(from, 'dir')])
  await copy(['dir'], '/new/dir', { keepOwner: true })
  const copied = await tree()
  assert.equal(modeAndOwner(copied, 'new'), '755 0:0')
  assert.equal(modeAndOwner(copied, 'new/dir'), '755 0:0', 'only the contents are copied')
  assert.equal(modeAndOwner(copied, 'new/dir/sub'), '755 70000:80000')
  assert.equal(modeAndOwner(copied, 'new/dir/sub/file'), '644 70000:80000')
})

test('an owner and a mode apply to all that is copied, and to directories made on the way, but not to those that were there', async (t) => {
  const { from, root, copy, tree } = copyScene(t)
  mkdirSync(join(from, 'dir/sub'), { recursive: true })
  writeFileSync(join(from, 'dir/sub/file'), '')
  symlinkSync('file', join(from, 'dir/link'))
  mkdirSync(join(root, 'there'))
  await copy(['dir'], '/there/new/dir', { owner: { uid: 3, gid: 4 }, mode: parseMode('0750') })
  const copied = await tree()
  assert.equal(modeAndOwner(copied, 'there'), '755 0:0')
  for (const path of ['there/new', 'there/new/dir', 'there/new/dir/sub', 'there/new/dir/sub/file']) {
    assert.equal(modeAndOwner(copied, path), '750 3:4', path)
  }
  assert.equal(modeAndOwner(copied, 'there/new/dir/link'), '777 3:4')
})

test('the destination directory keeps mode and owner, and directories in it take those of the source', async (t) => {
  const { from, root, copy, tree } = copyScene(t)
  mkdirSync(join(from, 'dir/sub'), { recursive: true })
  chmodSync(join(from, 'dir'), 0o700)
  chmodSync(join(from, 'dir/sub'), 0o2711)
  writeFileSync(join(from, 'dir/sub/new'), '')
  mkdirSync(join(root, 'tmp/sub'), { recursive: true })
  writeFileSync(join(root, 'tmp/sub/old'), '')
  chmodSync(join(root, 'tmp'), 0o1777)
  chownSync(join(root, 'tmp'), 7, 8)
  chownSync(join(root, 'tmp/sub'), 7, 8)
  for (const destination of ['/tmp', '/tmp/']) await copy(['dir'], destination)
  const copied = await tree()
  assert.equal(modeAndOwner(copied, 'tmp'), '1777 7:8')
  assert.equal(modeAndOwner(copied, 'tmp/sub'), '2711 0:0')
  assert.deepEqual([...copied.keys()].sort(), ['', 'tmp', 'tmp/sub', 'tmp/sub/new', 'tmp/sub/old'])
})

test('everything a tree can hold is copied as it is, hardlinks included', async (t) => {
  const { from, root, copy } = copyScene(t)
  const dir = join(from, 'dir')
  mkdirSync(join(dir, 'deep/er'), { recursive: true })
  writeFileSync(join(dir, 'file'), 'content')
  linkSync(join(dir, 'file'), join(dir, 'deep/same'))
  writeFileSync(join(dir, 'large'), Buffer.alloc((5 << 20) + 3, 'large '))
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0x0a])]), 'odd')
  symlinkSync('../nowhere', join(dir, 'deep/link'))
  lutimesSync(join(dir, 'deep/link'), 5, 5)
  execFileSync('mkfifo', [join(dir, 'pipe')])
  execFileSync('mknod', [join(dir, 'null'), 'c', '1', '3'])
  execFileSync('mknod', [join(dir, 'disk'), 'b', '259', '70000'])
  execFileSync('setcap', ['cap_net_raw+ep', join(dir, 'file')])
  execFileSync('setfattr', ['-n', 'user.bytes', '-v', '0x00ff', join(dir, 'deep')])
  execFileSync('setfattr', ['-h', '-n', 'trusted.link', '-v', 'x', join(dir, 'deep/link')])
  chmodSync(join(dir, 'large'), 0o6755)
  chmodSync(join(dir, 'deep/er'), 0)
  execFileSync('chown', ['-h', '-R', '11:12', dir])
  chmodSync(join(dir, 'large'), 0o6755)
  execFileSync('setcap', ['cap_net_raw+ep', join(dir, 'file')])
  utimesSync(join(dir, 'deep'), 9, 9)
  await copy(['dir'], '/dir', { keepOwner: true })
  const [expected, actual] = [new Map(await readTree(dir)), new Map(await readTree(join(root, 'dir')))]
  for (const tree of [expected, actual]) tree.delete('')
  assert.deepEqual(compareTrees(expected, actual, { times: true }), [])
  assert.equal(statSync(join(root, 'dir/file')).nlink, 2)
})

test('two sources do not share a file, though it is the same', async (t) => {
  const { from, root, copy } = copyScene(t)
  writeFileSync(join(from, 'one'), 'x')
  linkSync(join(from, 'one'), join(from, 'two'))
  await copy(['one', 'two'], '/dir/')
  assert.equal(statSync(join(root, 'dir/one')).nlink, 1)
})

test('a file is replaced, never written into: its other names keep their content', async (t) => {
  const { from, root, copy } = copyScene(t)
  mkdirSync(join(from, 'dir'))
  for (const name of ['file', 'dir/file']) writeFileSync(join(from, name), 'new')
  writeFileSync(join(root, 'file'), 'old')
  linkSync(join(root, 'file'), join(root, 'other-name'))
  await copy(['file'], '/file')
  assert.equal(readFileSync(join(root, 'other-name'), 'utf8'), 'old')
  linkSync(join(root, 'other-name'), join(root, 'third'))
  unlinkSync(join(root, 'file'))
  linkSync(join(root, 'third'), join(root, 'file'))
  await copy(['dir'], '/')
  assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'new')
  assert.equal(readFileSync(join(root, 'third'), 'utf8'), 'old')
})

test('symlinks on the way are followed inside the root, absolute, climbing and dangling ones too', async (t) => {
  const { from, root, outside, copy, tree } = copyScene(t)
  writeFileSync(join(from, 'file'), 'content')
  mkdirSync(join(root, 'real'))
  symlinkSync('/real', join(root, 'absolute'))
  symlinkSync('../../../../../real', join(root, 'climbing'))
  symlinkSync('not/yet', join(root, 'dangling'))
  symlinkSync(outside, join(root, 'escape'))
  await copy(['file'], '/absolute/a')
  await copy(['file'], '/climbing/')
  await copy(['file'], '/dangling/b')
  await copy(['file'], '/escape/c')
  assert.deepEqual(readdirSync(outside), [])
  const files = [...(await tree())].filter(([, { type }]) => type === 'file').map(([path]) => path)
  assert.deepEqual(files.sort(), [`${outside.slice(1)}/c`, 'not/yet/b', 'real/a', 'real/file'].sort())
})

test('a symlink in the place of the destination is followed to the file it names, which is replaced', async (t) => {
  const { from, root, outside, copy } = copyScene(t)
  writeFileSync(join(from, 'file'), 'new')
  writeFileSync(join(outside, 'precious'), 'old')
  symlinkSync(join(outside, 'precious'), join(root, 'link'))
  await copy(['file'], '/link')
  assert.equal(readFileSync(join(outside, 'precious'), 'utf8'), 'old')
  assert.equal(readFileSync(join(root, outside, 'precious'), 'utf8'), 'new')
})

test('a file copied with its directory takes the place of a symlink, and leaves what that pointed to', async (t) => {
  const { from, root, outside, copy } = copyScene(t)
  mkdirSync(join(from, 'dir'))
  writeFileSync(join(from, 'dir/file'), 'new')
  writeFileSync(join(root, 'target'), 'old')
  writeFileSync(join(outside, 'target'), 'old')
  symlinkSync('target', join(root, 'file'))
  await copy(['dir'], '/')
  assert.equal(readFileSync(join(root, 'target'), 'utf8'), 'old')
  assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'new')
})

test('a symlink that one source brought is no way out for the next', async (t) => {
  const { from, root, outside, copy } = copyScene(t)
  mkdirSync(join(from, 'first'))
  symlinkSync(outside, join(from, 'first/evil'))
  mkdirSync(join(from, 'second/evil'), { recursive: true })
  writeFileSync(join(from, 'second/evil/file'), 'x')
  await assert.rejects(copy(['first', 'second'], '/to/'), refused(/cannot copy to non-directory: \/to\/evil/))
  assert.deepEqual(readdirSync(outside), [])
  assert.deepEqual(readdirSync(join(root, 'to')), ['evil'])
})

test('a directory is not replaced by a file, nor a file by a directory, and the error names the place', async (t) => {
  const { from, root, copy } = copyScene(t)
  mkdirSync(join(from, 'dir/name'), { recursive: true })
  mkdirSync(join(from, 'files'))
  writeFileSync(join(from, 'files/name'), '')
  mkdirSync(join(root, 'has-dir/name'), { recursive: true })
  mkdirSync(join(root, 'has-file'))
  writeFileSync(join(root, 'has-file/name'), '')
  await assert.rejects(copy(['files'], '/has-dir'), refused(/cannot replace the directory \/has-dir\/name with a file/))
  await assert.rejects(copy(['files/name'], '/has-dir/'), refused(/cannot replace the directory \/has-dir\/name/))
  await assert.rejects(copy(['dir'], '/has-file'), refused(/cannot copy to non-directory: \/has-file\/name/))
  await assert.rejects(copy(['dir'], '/has-file/name'), refused(/cannot copy to non-directory: \/has-file\/name/))
  await assert.rejects(copy(['files/name'], '/has-file/name/below'), refused(/cannot copy to non-directory/))
})

test('several files need a directory to go to', async (t) => {
  const { from, root, copy, tree } = copyScene(t)
  for (const name of ['a', 'b']) writeFileSync(join(from, name), name)
  mkdirSync(join(root, 'there'))
  await assert.rejects(copy(['a', 'b'], '/name'), refused(/several files cannot all become \/name/))
  assert.deepEqual([...(await tree()).keys()], ['', 'there'])
  await copy(['a', 'b'], '/there')
  await copy(['a', 'b'], '/new/')
  assert.deepEqual(readdirSync(join(root, 'there')), ['a', 'b'])
  assert.deepEqual(readdirSync(join(root, 'new')), ['a', 'b'])
})

test('a file whose directory gets a directory before it goes into that', async (t) => {
  const { from, root, copy } = copyScene(t)
  mkdirSync(join(from, 'dir'))
  writeFileSync(join(from, 'dir/inner'), '')
  writeFileSync(join(from, 'file'), '')
  await copy(['dir', 'file'], '/name')
  assert.deepEqual(readdirSync(join(root, 'name')).sort(), ['file', 'inner'])
})

test('a text of the Dockerfile becomes a file', async (t) => {
  const { root, copy, tree } = copyScene(t)
  const inline = { name: rawPath('config'), content: 'ä\n', mtimeNs: 1_700_000_000_000_000_001n }
  await copyInto({ sources: [inline], root, destination: '/etc/', workdir: '/', keepOwner: false, log: silentLog })
  await copyInto({
    sources: [inline],
    root,
    destination: '/etc/config',
    workdir: '/',
    keepOwner: false,
    log: silentLog,
    owner: { uid: 1, gid: 2 },
    mode: parseMode('600'),
  })
  const copied = await tree()
  assert.equal(modeAndOwner(copied, 'etc/config'), '600 1:2')
  assert.equal(copied.get('etc/config')?.mtime, '1700000000.000000001')
  assert.equal(readFileSync(join(root, 'etc/config'), 'utf8'), 'ä\n')
  await copy([], '/nothing')
  assert.deepEqual([...(await tree()).keys()].sort(), ['', 'etc', 'etc/config'])
})

test('a download gets the mode and time it asks for', async (t) => {
  const { from, root, tree } = copyScene(t)
  writeFileSync(join(from, 'download'), 'x')
  const source = {
    ...selectedSource(from, 'download'),
    name: rawPath('web.txt'),
    overrides: { mode: 0o600, mtimeNs: 5n },
  }
  await copyInto({ sources: [source], root, destination: '/to/', workdir: '/', keepOwner: false, log: silentLog })
  const copied = await tree()
  assert.equal(modeAndOwner(copied, 'to/web.txt'), '600 0:0')
  assert.equal(copied.get('to/web.txt')?.mtime, '0.000000005')
})

test('what the filter keeps out is not copied, and a directory only when something in it is wanted', async (t) => {
  const { from, root, tree } = copyScene(t)
  for (const path of ['dir/a/keep', 'dir/a/drop', 'dir/b/drop']) {
    mkdirSync(join(from, path, '..'), { recursive: true })
    writeFileSync(join(from, path), '')
  }
  const filter = { ignores: (path: string) => !path.endsWith('keep') && path !== 'dir', prunes: () => false }
  const source = { ...selectedSource(from, 'dir'), filter }
  await copyInto({ sources: [source], root, destination: '/to', workdir: '/', keepOwner: false, log: silentLog })
  assert.deepEqual([...(await tree()).keys()].sort(), ['', 'to', 'to/a', 'to/a/keep'])
})

test('an abort stops the copy', async (t) => {
  const { from, copy } = copyScene(t)
  writeFileSync(join(from, 'file'), '')
  await assert.rejects(copy(['file'], '/file', { signal: AbortSignal.abort(new Error('stop now')) }), /stop now/)
})

test('a source exchanged after it was selected is an error, and nothing outside is read', async (t) => {
  const { from, root, outside } = copyScene(t)
  mkdirSync(join(from, 'dir'))
  writeFileSync(join(from, 'dir/file'), 'content')
  writeFileSync(join(outside, 'file'), 'secret')
  const [directory, file] = [selectedSource(from, 'dir'), selectedSource(from, 'dir/file')]
  renameSync(join(from, 'dir'), join(from, 'moved'))
  symlinkSync(outside, join(from, 'dir'))
  for (const source of [directory, file]) {
    await assert.rejects(
      copyInto({ sources: [source], root, destination: '/to/', workdir: '/', keepOwner: false, log: silentLog }),
      (error) => error instanceof HearthError && error.code === 'copy-source',
    )
  }
  assert.deepEqual(readdirSync(join(root, 'to')), [])
})
