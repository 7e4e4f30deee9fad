import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { applyMetadata, type Metadata, readXattrs } from '../../../src/rootfs/metadata.ts'
import { makeNode } from '../../../src/sys/node.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { tryRun } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const at = rawPath('it')
const wanted: Metadata = {
  type: 'file',
  path: at,
  uid: 12,
  gid: 34,
  mode: 0o6755,
  mtimeNs: -1_500_000_001n,
  xattrs: new Map([['user.x', Buffer.from([0, 255])]]),
}

function make(root: string, type: Metadata['type']): void {
  const path = join(root, 'it')
  if (type === 'file') writeFileSync(path, '')
  if (type === 'directory') mkdirSync(path)
  if (type === 'symlink') symlinkSync('target', path)
  if (type === 'character' || type === 'fifo') makeNode(Buffer.from(path), { type, mode: 0, major: 1, minor: 3 })
}

for (const type of ['file', 'directory', 'symlink', 'character', 'fifo'] as const) {
  test(`a ${type} gets owner, mode and time, and nothing else does`, (t) => {
    const root = temporaryDirectory(t)
    writeFileSync(join(root, 'target'), '')
    const before = lstatSync(join(root, 'target'), { bigint: true })
    make(root, type)
    const xattrs = type === 'file' || type === 'directory' ? wanted.xattrs : new Map()
    assert.deepEqual(applyMetadata(root, at, { ...wanted, type, xattrs }), [])
    const { uid, gid, mode, mtimeNs } = lstatSync(join(root, 'it'), { bigint: true })
    assert.deepEqual([uid, gid, mtimeNs], [12n, 34n, -1_500_000_001n])
    assert.equal(mode & 0o7777n, type === 'symlink' ? 0o777n : 0o6755n)
    assert.deepEqual(readXattrs(root, at), xattrs)
    assert.deepEqual(lstatSync(join(root, 'target'), { bigint: true }).ctimeNs, before.ctimeNs)
  })
}

test('a file capability survives the change of owner and mode that comes with it', (t) => {
  const root = temporaryDirectory(t)
  const [from, to] = [join(root, 'from'), join(root, 'it')]
  writeFileSync(from, '')
  writeFileSync(to, '')
  execFileSync('setcap', ['cap_net_raw+ep', from])
  const xattrs = readXattrs(root, rawPath('from'))
  assert.deepEqual([...xattrs.keys()], ['security.capability'])
  applyMetadata(root, at, { ...wanted, mode: 0o755, xattrs })
  assert.match(execFileSync('getcap', [to], { encoding: 'utf8' }), /cap_net_raw=ep/)
})

test('a symlink in the place of a file is not followed', (t) => {
  const root = temporaryDirectory(t)
  writeFileSync(join(root, 'target'), '', { mode: 0o600 })
  symlinkSync('target', join(root, 'it'))
  assert.throws(() => applyMetadata(root, at, wanted), { code: 'layer-invalid', message: /^\/it was replaced/ })
  assert.equal(lstatSync(join(root, 'target')).mode & 0o7777, 0o600)
})

test('attributes that machines give files for themselves are neither read nor set', (t) => {
  const root = temporaryDirectory(t)
  writeFileSync(join(root, 'it'), '')
  execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(root, 'it')])
  execFileSync('setfattr', ['-n', 'user.overlay.origin', '-v', 'y', join(root, 'it')])
  execFileSync('setfattr', ['-n', 'trusted.other', '-v', 'y', join(root, 'it')])
  assert.deepEqual([...readXattrs(root, at).keys()], ['trusted.other'])
  const own = ['trusted.overlay.metacopy', 'user.overlay.x', 'security.selinux', 'system.nfs4_acl']
  const xattrs = new Map(own.map((name) => [name, Buffer.from('x')]))
  assert.deepEqual(applyMetadata(root, at, { ...wanted, xattrs }), [])
  const names = execFileSync('getfattr', ['-m', '-', join(root, 'it')], { encoding: 'utf8', stdio: 'pipe' })
  assert.doesNotMatch(names, /metacopy|overlay\.x|selinux|nfs4/)
})

test('an attribute the filesystem does not know is told, one that is too large is an error', (t) => {
  const root = temporaryDirectory(t)
  writeFileSync(join(root, 'it'), '')
  const withValue = (name: string, value: Uint8Array): Metadata => ({ ...wanted, xattrs: new Map([[name, value]]) })
  assert.deepEqual(applyMetadata(root, at, withValue('unknown.space', Buffer.from('x'))), ['unknown.space'])
  assert.throws(
    () => applyMetadata(root, at, withValue('user.large', Buffer.alloc(128 << 10))),
    (error) => {
      assert.ok(error instanceof HearthError)
      assert.equal(error.code, 'layer-invalid')
      assert.match(`${error.message} ${error.why}`, /user\.large.*\/it.*larger than the filesystem allows/)
      return true
    },
  )
})

test('files of a root without attributes have none', (t) => {
  const root = temporaryDirectory(t)
  writeFileSync(join(root, 'it'), '')
  assert.equal(readXattrs(root, at).size, 0)
  assert.equal(readXattrs('/proc', rawPath('self/stat')).size, 0)
})

test('a hard link to a symlink has no mode to change', (t) => {
  const root = temporaryDirectory(t)
  symlinkSync('nowhere', join(root, 'it'))
  linkSync(join(root, 'it'), join(root, 'same'))
  applyMetadata(root, rawPath('same'), { ...wanted, type: 'symlink', xattrs: new Map() })
  assert.equal(lstatSync(join(root, 'it')).uid, 12)
})

const lacking = (t: TestContext, capability: string, metadata: string): ReturnType<typeof tryRun> => {
  const root = temporaryDirectory(t)
  writeFileSync(join(root, 'it'), '')
  execFileSync('chgrp', ['34', join(root, 'it')])
  const script = `
    import { applyMetadata } from '${join(import.meta.dirname, '../../../src/rootfs/metadata.ts')}'
    const wanted = { type: 'file', path: 'it', uid: 0, gid: 34, mode: 0o644, mtimeNs: 0n, xattrs: new Map(), ...${metadata} }
    try {
      applyMetadata('${root}', 'it', wanted)
    } catch (error) {
      console.log(error.code, error.message, error.why, error.fix)
    }`
  const argv = ['--drop', capability, process.execPath, '--input-type=module', '-e', script]
  return tryRun('sh', [
    '-c',
    'drop=$2; shift 2; exec setpriv --bounding-set=-$drop --inh-caps=-$drop "$@"',
    'sh',
    ...argv,
  ])
}

for (const { capability, metadata } of [
  { capability: 'fsetid', metadata: '{ mode: 0o6755 }' },
  { capability: 'chown', metadata: '{ uid: 5 }' },
  {
    capability: 'setfcap',
    metadata:
      "{ xattrs: new Map([['security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex')]]) }",
  },
]) {
  test(`without CAP_${capability.toUpperCase()} there is an error that names it, not another file`, async (t) => {
    const { stdout, stderr } = await lacking(t, capability, metadata)
    assert.equal(stderr, '')
    assert.match(stdout, new RegExp(`^permission /?.*\\bCAP_${capability.toUpperCase()}\\b`, 's'))
  })
}

test('a file system without file capabilities, as gVisor has one, gets all else, and the attribute is named', async (t) => {
  const root = temporaryDirectory(t)
  const script = `
    import { statSync, writeFileSync } from 'node:fs'
    import { applyMetadata } from '${join(import.meta.dirname, '../../../src/rootfs/metadata.ts')}'
    writeFileSync('${root}/it', '')
    const xattrs = new Map([['security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex')]])
    const wanted = { type: 'file', path: 'it', uid: 12, gid: 34, mode: 0o6755, mtimeNs: 0n, xattrs }
    console.log(applyMetadata('${root}', 'it', wanted), (statSync('${root}/it').mode & 0o7777).toString(8))`
  const mounted = ['sh', '-c', `mount -t ramfs ramfs '${root}' && exec "$@"`, 'sh']
  const node = [process.execPath, '--input-type=module', '-e', script]
  const ran = await tryRun('unshare', ['--mount', '--propagation', 'private', ...mounted, ...node])
  assert.deepEqual([ran.stdout, ran.stderr], ["[ 'security.capability' ] 6755\n", ''])
})
