import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, lstatSync, openSync, readFileSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openFifo } from '../../../src/sys/fifo.ts'
import { makeNode } from '../../../src/sys/node.ts'
import { setTimes, setTimesOf } from '../../../src/sys/times.ts'
import { getXattr, listXattrs, removeXattr, setXattr } from '../../../src/sys/xattr.ts'
import { temporaryDirectory } from '../../support/temp.ts'

function newFile(t: TestContext, name: string | Uint8Array = 'file'): Buffer {
  const path = Buffer.concat([Buffer.from(`${temporaryDirectory(t)}/`), Buffer.from(name)])
  writeFileSync(path, '')
  return path
}

test('extended attributes have binary values, and getfattr sees them', (t) => {
  const path = newFile(t)
  setXattr(path, 'user.bytes', Buffer.from([0, 10, 255]))
  setXattr(path, 'user.empty', new Uint8Array())
  assert.deepEqual([...listXattrs(path)].sort(), ['user.bytes', 'user.empty'])
  assert.deepEqual(getXattr(path, 'user.bytes'), Buffer.from([0, 10, 255]))
  assert.equal(getXattr(path, 'user.empty').byteLength, 0)
  const seen = execFileSync('getfattr', ['-d', '-e', 'hex', path.toString()], { encoding: 'utf8', stdio: 'pipe' })
  assert.match(seen, /^user\.bytes=0x000aff$/m)
  removeXattr(path, 'user.bytes')
  assert.deepEqual(listXattrs(path), ['user.empty'])
})

test('a value of several KiB and a long list of names are read whole', (t) => {
  const path = newFile(t)
  const value = Buffer.alloc(2000, 'value')
  setXattr(path, 'user.long', value)
  for (let i = 0; i < 30; i += 1) setXattr(path, `user.${'name-'.repeat(6)}${i}`, Buffer.from('x'))
  assert.deepEqual(getXattr(path, 'user.long'), value)
  assert.equal(listXattrs(path).length, 31)
})

test('a missing attribute, a missing file and a value that is too large have their codes', (t) => {
  const path = newFile(t)
  assert.throws(() => getXattr(path, 'user.none'), { code: 'ENODATA' })
  assert.throws(() => removeXattr(path, 'user.none'), { code: 'ENODATA' })
  assert.throws(() => listXattrs(Buffer.from('/none/at/all')), { code: 'ENOENT' })
  assert.throws(() => setXattr(path, 'user.large', Buffer.alloc(65_537)), { code: 'E2BIG' })
  assert.throws(() => setXattr(path, 'nospace.x', Buffer.alloc(1)), { code: 'ENOTSUP' })
})

test('attributes of a symlink are its own', (t) => {
  const path = newFile(t)
  const link = Buffer.concat([path, Buffer.from('-link')])
  symlinkSync(path, link)
  setXattr(path, 'user.file', Buffer.from('x'))
  setXattr(link, 'trusted.link', Buffer.from('y'))
  assert.deepEqual(listXattrs(link), ['trusted.link'])
  assert.deepEqual(listXattrs(path), ['user.file'])
})

test('a file capability is kept in its binary form', (t) => {
  const path = newFile(t)
  execFileSync('setcap', ['cap_net_raw+ep', path.toString()])
  const value = Buffer.from(getXattr(path, 'security.capability'))
  const other = newFile(t)
  setXattr(other, 'security.capability', value)
  assert.match(execFileSync('getcap', [other.toString()], { encoding: 'utf8' }), /cap_net_raw=ep/)
})

test('devices and pipes are made with their numbers, under any name', (t) => {
  const directory = temporaryDirectory(t)
  const at = (name: string): Buffer => Buffer.from(`${directory}/${name}`, 'latin1')
  makeNode(at('null'), { type: 'character', mode: 0o600, major: 1, minor: 3 })
  makeNode(at('disk\xff'), { type: 'block', mode: 0o640, major: 259, minor: 70_000 })
  makeNode(at('pipe'), { type: 'fifo', mode: 0o600, major: 9, minor: 9 })
  const described = execFileSync('find', [directory, '-mindepth', '1', '-exec', 'stat', '-c', '%F %a %t:%T', '{}', ';'])
  assert.deepEqual(described.toString().trim().split('\n').sort(), [
    'block special file 640 103:11170',
    'character special file 600 1:3',
    'fifo 600 0:0',
  ])
  assert.throws(() => makeNode(at('null'), { type: 'fifo', mode: 0, major: 0, minor: 0 }), { code: 'EEXIST' })
})

for (const ns of [0n, 1n, 999_999_999n, 1_700_000_000_123_456_789n, -1n, -1_500_000_000n, -2_000_000_000n]) {
  test(`a time of ${ns} ns is set exactly`, (t) => {
    const path = newFile(t, Buffer.from([0x66, 0xff]))
    setTimes(path, ns)
    assert.equal(lstatSync(path, { bigint: true }).mtimeNs, ns)
    setTimes(path, 5n)
    const descriptor = openSync(path, 'r')
    setTimesOf(descriptor, ns)
    closeSync(descriptor)
    assert.equal(lstatSync(path, { bigint: true }).mtimeNs, ns)
  })
}

test('the time of a symlink is its own', (t) => {
  const path = newFile(t)
  const link = join(path.toString(), '../link')
  symlinkSync('nowhere', link)
  setTimes(Buffer.from(link), 123n)
  assert.equal(lstatSync(link, { bigint: true }).mtimeNs, 123n)
})

test('a time that no filesystem can hold becomes the nearest one', (t) => {
  const path = newFile(t)
  setTimes(path, 2n ** 60n * 1_000_000_000n)
  assert.ok(lstatSync(path, { bigint: true }).mtimeNs > 4_000_000_000_000_000_000n)
})

test('a named pipe is open at both ends without waiting, and others reach it by its name', (t) => {
  const path = Buffer.from(join(temporaryDirectory(t), 'fifo'))
  makeNode(path, { type: 'fifo', mode: 0o600, major: 0, minor: 0 })
  const { readEnd, writeEnd } = openFifo(path)
  writeSync(writeEnd, 'one ')
  execFileSync('sh', ['-c', 'printf two > "$0"', path.toString()])
  closeSync(writeEnd)
  assert.equal(readFileSync(readEnd, 'utf8'), 'one two')
  closeSync(readEnd)
  assert.throws(() => openFifo(Buffer.from('/none/at/all')), { code: 'ENOENT' })
})
