import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { resolveOwner, resolveUser } from '../../../src/run/user.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
# a comment:x:9:9::/:
carol:x:1234:77:Carol,,,:/home/carol:/bin/sh
carol:x:4321:4321::/second:/bin/sh
homeless:x:1500:1500
broken:x:many:0::/:
negative:x:-1:0::/:
5000:x:1600:1600::/number:/bin/sh
`
const group = `root:x:0:
wheel:x:10:root,carol
main:x:77:
extra:x:78:carol
more:x:79:dave,carol
broken:x:none:carol
`

function rootWith(
  t: TestContext,
  files: { readonly passwd?: string; readonly group?: string } = { passwd, group },
): string {
  const root = temporaryDirectory(t)
  mkdirSync(join(root, 'etc'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'etc', name), text)
  return root
}

test('USER takes names and numbers, alone and with a group', (t) => {
  const root = rootWith(t)
  const cases = {
    '': { uid: 0, gid: 0, groups: [0, 10], home: '/root' },
    root: { uid: 0, gid: 0, groups: [0, 10], home: '/root' },
    '0': { uid: 0, gid: 0, groups: [0, 10], home: '/root' },
    carol: { uid: 1234, gid: 77, groups: [77, 10, 78, 79], home: '/home/carol' },
    '1234': { uid: 1234, gid: 77, groups: [77, 10, 78, 79], home: '/home/carol' },
    'carol:more': { uid: 1234, gid: 79, groups: [79], home: '/home/carol' },
    'carol:0': { uid: 1234, gid: 0, groups: [0], home: '/home/carol' },
    'carol:': { uid: 1234, gid: 77, groups: [77, 10, 78, 79], home: '/home/carol' },
    ':more': { uid: 0, gid: 79, groups: [79], home: '/root' },
    '42': { uid: 42, gid: 0, groups: [0], home: '/' },
    '42:43': { uid: 42, gid: 43, groups: [43], home: '/' },
    '42:extra': { uid: 42, gid: 78, groups: [78], home: '/' },
    '5000': { uid: 5000, gid: 0, groups: [0], home: '/' },
    homeless: { uid: 1500, gid: 1500, groups: [1500], home: '/' },
    '4294967294:4294967294': { uid: 4294967294, gid: 4294967294, groups: [4294967294], home: '/' },
  }
  for (const [text, expected] of Object.entries(cases)) assert.deepEqual(resolveUser(root, text), expected, text)
})

test('--chown takes the same forms; a name brings its group, a number stands for both', (t) => {
  const root = rootWith(t)
  const cases = {
    carol: { uid: 1234, gid: 77 },
    'carol:more': { uid: 1234, gid: 79 },
    'carol:5': { uid: 1234, gid: 5 },
    root: { uid: 0, gid: 0 },
    '5': { uid: 5, gid: 5 },
    '1234': { uid: 1234, gid: 1234 },
    '5:6': { uid: 5, gid: 6 },
    '5:main': { uid: 5, gid: 77 },
    ':6': { uid: 0, gid: 6 },
  }
  for (const [text, expected] of Object.entries(cases)) assert.deepEqual(resolveOwner(root, text), expected, text)
})

test('numbers and root need no files', (t) => {
  const root = temporaryDirectory(t)
  assert.deepEqual(resolveUser(root, ''), { uid: 0, gid: 0, groups: [0], home: '/root' })
  assert.deepEqual(resolveUser(root, 'root:root'), { uid: 0, gid: 0, groups: [0], home: '/root' })
  assert.deepEqual(resolveUser(root, '7:8'), { uid: 7, gid: 8, groups: [8], home: '/' })
  assert.deepEqual(resolveOwner(root, 'root'), { uid: 0, gid: 0 })
  assert.deepEqual(resolveOwner(root, '7'), { uid: 7, gid: 7 })
})

test('a name that is not there is an error that names those that are', (t) => {
  const root = rootWith(t)
  for (const resolve of [resolveUser, resolveOwner]) {
    const error = {
      code: 'user-unknown',
      message: 'The image has no user "eve"',
      why: /root, daemon, carol/,
      fix: /RUN/,
    }
    assert.throws(() => resolve(root, 'eve'), error)
    assert.throws(() => resolve(root, 'carol:eve'), { code: 'user-unknown', message: /no group "eve"/, why: /wheel/ })
    assert.throws(() => resolve(root, 'broken'), { code: 'user-unknown' })
    assert.throws(() => resolve(root, 'negative'), { code: 'user-unknown' })
    assert.throws(() => resolve(root, '4294967295'), { code: 'user-unknown', message: /4294967295/ })
    assert.throws(() => resolve(root, '1:99999999999'), { code: 'user-unknown' })
    assert.throws(() => resolve(temporaryDirectory(t), 'carol'), { code: 'user-unknown', why: /lists none/ })
  }
})

test("the machine's own accounts do not count, whatever the image's files point to", (t) => {
  const outside = temporaryDirectory(t)
  for (const [name, text] of Object.entries({ passwd: 'eve:x:6:6::/:\n', group: 'eves:x:6:\n' })) {
    writeFileSync(join(outside, name), text)
  }
  const linked = (make: (root: string) => void): string => {
    const root = temporaryDirectory(t)
    make(root)
    return root
  }
  const roots = [
    linked((root) => symlinkSync(outside, join(root, 'etc'))),
    linked((root) => symlinkSync(`../../../../../../..${outside}`, join(root, 'etc'))),
    linked((root) => {
      mkdirSync(join(root, 'etc'))
      for (const name of ['passwd', 'group']) symlinkSync(join(outside, name), join(root, 'etc', name))
    }),
  ]
  for (const root of roots) {
    assert.throws(() => resolveUser(root, 'eve'), { code: 'user-unknown' })
    assert.throws(() => resolveUser(root, '1:eves'), { code: 'user-unknown' })
    mkdirSync(join(root, outside), { recursive: true })
    writeFileSync(join(root, outside, 'passwd'), passwd)
    assert.equal(resolveUser(root, 'carol').uid, 1234, 'inside the image the link is followed')
  }
})

test('files that are none, or endless, are refused', (t) => {
  const fifo = temporaryDirectory(t)
  mkdirSync(join(fifo, 'etc'))
  execFileSync('mkfifo', [join(fifo, 'etc/passwd')])
  assert.throws(() => resolveUser(fifo, 'carol'), { code: 'user-unknown', why: /not a regular file/ })
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'etc/group'), { recursive: true })
  assert.throws(() => resolveUser(directory, '1:carol'), { code: 'user-unknown', why: /not a regular file/ })
  const endless = rootWith(t)
  truncateSync(join(endless, 'etc/passwd'), 2 ** 40)
  assert.throws(() => resolveUser(endless, 'carol'), { code: 'user-unknown', why: /more than/ })
})
