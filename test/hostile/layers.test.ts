import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HearthError } from '../../src/errors.ts'
import { canary, listing } from './canary.ts'
import { base256, end, header, long, member, padded, pax, type RawHeader, record, sealed, tarOf } from './raw-tar.ts'

const file = (name: string, fields: RawHeader = {}): Buffer => member({ name, ...fields }, 'pwn')
const dir = (name: string, mode = 0o755): Buffer => member({ name, type: '5', mode })
const symlink = (name: string, link: string): Buffer => member({ name, type: '2', link, mode: 0o777 })
const hardlink = (name: string, link: string, fields: RawHeader = {}): Buffer =>
  member({ name, type: '1', link, ...fields })
const node = (type: string, major: number, minor: number): Buffer => member({ name: 'node', type, major, minor })

interface HostileCase {
  readonly what: string
  readonly layer: Uint8Array
  /** Layers below, which are sound. */
  readonly below?: readonly Uint8Array[]
  /** What the error says; or what the root holds afterwards. */
  readonly rejected?: RegExp
  readonly holds?: readonly string[]
}

const outOfRoot = /leads out of the root/
const deep = (levels: number): string => Array.from({ length: levels }, () => 'd').join('/')

const names: readonly HostileCase[] = [
  { what: 'an absolute name', layer: tarOf(file('/x/pwn')), holds: ['x/', 'x/pwn=pwn'] },
  { what: 'a name that goes up', layer: tarOf(file('../victim/pwn')), rejected: outOfRoot },
  { what: 'an absolute name that goes up', layer: tarOf(file('/../victim/pwn')), rejected: outOfRoot },
  { what: 'a name that goes up in the middle', layer: tarOf(file('a/../../victim/pwn')), rejected: outOfRoot },
  { what: 'a name that goes up and stays inside', layer: tarOf(file('a/../b')), holds: ['b=pwn'] },
  { what: 'a prefix that goes up', layer: tarOf(file('pwn', { prefix: '../victim' })), rejected: outOfRoot },
  { what: 'a long name that goes up', layer: tarOf(long('L', '../victim/pwn'), file('x')), rejected: outOfRoot },
  { what: 'a PAX path that goes up', layer: tarOf(pax({ path: '../victim/pwn' }), file('x')), rejected: outOfRoot },
  { what: 'the directory above as a file', layer: tarOf(file('..')), rejected: outOfRoot },
  { what: 'the directory above with a mode', layer: tarOf(dir('..', 0o777)), rejected: outOfRoot },
  {
    what: 'a root that is a symlink',
    layer: tarOf(symlink('.', '../victim'), file('pwn')),
    rejected: /stay a directory/,
  },
  { what: 'a root that is a file', layer: tarOf(file('/')), rejected: /stay a directory/ },
  { what: 'an empty name', layer: tarOf(file('')), rejected: /has no name/ },
  {
    what: 'a global header with a path',
    layer: tarOf(pax({ path: '../pwn', linkpath: 'x', size: '0' }, 'g'), file('ok')),
    holds: ['ok=pwn'],
  },
  {
    what: 'a NUL in a PAX path',
    layer: tarOf(pax({ path: 'ok\0/../../victim' }), file('x')),
    rejected: /no valid text/,
  },
  { what: 'a NUL in a long name', layer: tarOf(long('L', 'ok\0/../../victim'), file('x')), rejected: /NUL byte/ },
  { what: 'a PAX path of digits', layer: tarOf(pax({ path: '12345' }), file('x')), holds: ['12345=pwn'] },
  { what: 'a name that is no UTF-8', layer: tarOf(file('a\xff\xfe')), holds: ['a\xff\xfe=pwn'] },
  { what: 'control characters in a name', layer: tarOf(file('a\n\t\x1b[31m')), holds: ['a\n\t\x1b[31m=pwn'] },
  {
    what: 'backslashes and a drive letter',
    layer: tarOf(file('..\\victim\\pwn'), file('C:x')),
    holds: ['..\\victim\\pwn=pwn', 'C:x=pwn'],
  },
  { what: 'names that differ in case', layer: tarOf(file('a'), file('A')), holds: ['A=pwn', 'a=pwn'] },
  {
    what: 'a part of 300 bytes',
    layer: tarOf(pax({ path: 'x'.repeat(300) }), file('x')),
    rejected: /longer than the filesystem allows/,
  },
  {
    what: 'a path of 10 000 bytes',
    layer: tarOf(pax({ path: 'x/'.repeat(5000) }), file('x')),
    rejected: /4095 are the most/,
  },
  { what: 'a path 1025 deep', layer: tarOf(pax({ path: deep(1025) }), file('x')), rejected: /1024 are the most/ },
]

const links: readonly HostileCase[] = [
  {
    what: 'a symlink out, then a file through it',
    layer: tarOf(symlink('l', '../victim'), file('l/pwn')),
    holds: ['l->../victim', 'victim/', 'victim/pwn=pwn'],
  },
  {
    what: 'an absolute symlink, then a file through it',
    layer: tarOf(symlink('l', '/victim'), file('l/pwn')),
    holds: ['l->/victim', 'victim/', 'victim/pwn=pwn'],
  },
  {
    what: 'two hops out',
    layer: tarOf(
      dir('inner'),
      symlink('inner/go_up', '..'),
      symlink('inner/go_up/escape', '../victim'),
      file('inner/go_up/escape/pwn'),
    ),
    holds: ['escape->../victim', 'inner/', 'inner/go_up->..', 'victim/', 'victim/pwn=pwn'],
  },
  {
    what: 'a symlink, then a file of its name',
    layer: tarOf(file('a'), symlink('l', 'a'), member({ name: 'l' }, 'new')),
    holds: ['a=pwn', 'l=new'],
  },
  {
    what: 'a symlink out, then a file of its name',
    layer: tarOf(symlink('l', '../victim/hello'), file('l')),
    holds: ['l=pwn'],
  },
  {
    what: 'a directory, a file in it, a symlink in its place, another file in it',
    layer: tarOf(dir('d'), file('d/a'), symlink('d', '../victim'), file('d/pwn')),
    holds: ['d->../victim', 'victim/', 'victim/pwn=pwn'],
  },
  {
    what: 'a symlink in a lower layer and a file through it',
    below: [tarOf(symlink('l', '../victim'))],
    layer: tarOf(file('l/pwn'), hardlink('l/more', 'l/pwn')),
    holds: ['l->../victim', 'victim/', 'victim/more=pwn', 'victim/pwn=pwn'],
  },
  {
    what: 'a symlink in a lower layer and whiteouts through it',
    below: [tarOf(symlink('l', '../victim'), file('victim/hello'), file('victim/other'))],
    layer: tarOf(file('l/.wh.hello')),
    holds: ['l->../victim', 'victim/', 'victim/other=pwn'],
  },
  {
    what: 'an opaque directory through a symlink',
    below: [tarOf(symlink('l', '/../../victim'), file('victim/hello'))],
    layer: tarOf(file('l/.wh..wh..opq')),
    holds: ['l->/../../victim', 'victim/'],
  },
  {
    what: 'a loop of symlinks',
    layer: tarOf(symlink('a', 'b'), symlink('b', 'a'), file('a/pwn')),
    rejected: /255 symlinks/,
  },
  { what: 'an empty symlink', layer: tarOf(symlink('l', '')), rejected: /without a target/ },
  {
    what: 'a symlink of 5000 bytes',
    layer: tarOf(pax({ linkpath: 'x'.repeat(5000) }), symlink('l', 'x')),
    rejected: /5000 bytes/,
  },
  { what: 'an odd symlink', layer: tarOf(symlink('l', '//../\xff//')), holds: ['l->//../\xff//'] },
  { what: 'a hard link out', layer: tarOf(hardlink('l', '../victim/hello')), rejected: /no such file/ },
  { what: 'an absolute hard link out', layer: tarOf(hardlink('l', '/etc/passwd')), rejected: /no such file/ },
  {
    what: 'a hard link beside the root',
    layer: tarOf(hardlink('l', '../rootfs-evil/hello')),
    rejected: /no such file/,
  },
  {
    what: 'a hard link through a symlink out',
    layer: tarOf(symlink('s', '../victim'), hardlink('l', 's/hello')),
    rejected: /no such file/,
  },
  {
    what: 'a hard link out by a PAX record',
    layer: tarOf(pax({ linkpath: '../victim/hello' }), hardlink('l', 'x')),
    rejected: /no such file/,
  },
  {
    what: 'a hard link to a symlink out',
    layer: tarOf(symlink('s', '../victim/hello'), hardlink('l', 's', { mode: 0o777, uid: 5 })),
    holds: ['l->../victim/hello', 's->../victim/hello'],
  },
  { what: 'a hard link to itself', layer: tarOf(file('a'), hardlink('a', 'a')), rejected: /link itself/ },
  {
    what: 'a hard link in the place of what it links to',
    layer: tarOf(file('a/b'), hardlink('a', 'a/b')),
    rejected: /link itself/,
  },
  { what: 'a hard link to a directory', layer: tarOf(dir('d'), hardlink('l', 'd')), rejected: /that is a directory/ },
  { what: 'a hard link to the root', layer: tarOf(hardlink('l', '/')), rejected: /hard link to the root/ },
  { what: 'a hard link before its file', layer: tarOf(hardlink('l', 'a'), file('a')), rejected: /no such file/ },
  {
    what: 'an absolute hard link inside',
    layer: tarOf(file('usr/a'), hardlink('l', '/usr/a')),
    holds: ['l=pwn', 'usr/', 'usr/a=pwn'],
  },
]

const inner = member({ name: 'inner' }, 'hidden')
const sparse10 = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 's' }
const sparseBody = (map: string): Buffer => Buffer.concat([padded(Buffer.from(map)), Buffer.from('pwn')])

const forms: readonly HostileCase[] = [
  { what: 'an overlay whiteout as a device', layer: tarOf(node('3', 0, 0)), rejected: /0:0/ },
  { what: 'a device number that is too large', layer: tarOf(node('4', 4096, 0)), rejected: /device number 4096:0/ },
  { what: 'a size of -1', layer: tarOf(file('a', { size: '-0000000001' })), rejected: /number in its header/ },
  { what: 'a size of -1 in base 256', layer: tarOf(file('a', { size: base256(-1n, 12) })), rejected: /size -1/ },
  { what: 'a PAX size of -1', layer: tarOf(pax({ size: '-1' }), file('a')), rejected: /size -1/ },
  {
    what: 'a size of 2^62',
    layer: tarOf(file('a', { size: base256(2n ** 62n, 12) })),
    rejected: /size 4611686018427387904/,
  },
  ...['9e18', '1e3', '0x10', 'zzzz', '1.5', '9'.repeat(30)].map((size) => {
    return { what: `a PAX size of ${size}`, layer: tarOf(pax({ size }), file('a')), rejected: /size is not a number/ }
  }),
  {
    what: 'a size only PAX tells',
    layer: tarOf(pax({ size: '1024' }), header({ name: 'a' }), inner),
    holds: [`a=${inner.toString('latin1')}`],
  },
  {
    what: 'a PAX size before a long name',
    layer: tarOf(pax({ size: '3' }), long('L', 'long'), header({ name: 'a' }), padded(Buffer.from('pwn'))),
    holds: ['long=pwn'],
  },
  ...['1', '2', '5', '6'].map((type) => {
    const layer = tarOf(file('t'), header({ name: 'a', type, link: 't', size: 512 }), file('seen'))
    const made = { 1: 'a=pwn', 2: 'a->t', 5: 'a/', 6: 'a' }[type] ?? ''
    return { what: `a size for type ${type}, which has no body`, layer, holds: [made, 'seen=pwn', 't=pwn'] }
  }),
  {
    what: 'a PAX record that lies about its length',
    layer: tarOf(pax('99 path=a\n'), file('x')),
    rejected: /no valid length/,
  },
  {
    what: 'a PAX record without an equals sign',
    layer: tarOf(pax('10 path a\n'), file('x')),
    rejected: /no valid key/,
  },
  { what: 'a PAX record without an end', layer: tarOf(pax('10 path=a '), file('x')), rejected: /no valid end/ },
  { what: 'an old sparse file of 2^50 bytes', layer: tarOf(file('a', { type: 'S' })), rejected: /type "S"/ },
  {
    what: 'a sparse map of 10^9 entries',
    layer: tarOf(pax({ ...sparse10, 'GNU.sparse.realsize': '9' }), member({}, sparseBody('1000000000\n'))),
    rejected: /sparse map is cut off/,
  },
  {
    what: 'a sparse hole over the limit',
    layer: tarOf(pax({ ...sparse10, 'GNU.sparse.realsize': String(2 ** 50) }), member({}, sparseBody('1\n0\n3\n'))),
    rejected: /more than \d+ bytes together/,
  },
  {
    what: 'a sparse map with an overlap',
    layer: tarOf(pax({ ...sparse10, 'GNU.sparse.realsize': '9' }), member({}, sparseBody('2\n0\n2\n1\n1\n'))),
    rejected: /out of order/,
  },
  {
    what: 'a sparse map over the end',
    layer: tarOf(pax({ ...sparse10, 'GNU.sparse.realsize': '2' }), member({}, sparseBody('1\n0\n3\n'))),
    rejected: /out of order/,
  },
  {
    what: 'a sparse file',
    layer: tarOf(pax({ ...sparse10, 'GNU.sparse.realsize': '9' }), member({}, sparseBody('1\n4\n3\n'))),
    holds: ['s=\0\0\0\0pwn\0\0'],
  },
  ...['Z', 'V', 'M', 'N', 'D', '7'].map((type) => {
    return { what: `the type ${type}`, layer: tarOf(file('a', { type })), rejected: new RegExp(`type "${type}"`) }
  }),
  { what: 'a wrong checksum', layer: tarOf(file('a', { checksum: '0000000\0' })), rejected: /checksum/ },
  { what: 'an end in the middle of a header', layer: file('a').subarray(0, 300), rejected: /middle of a header/ },
  { what: 'an end in the middle of a file', layer: file('a').subarray(0, 514), rejected: /middle of the content/ },
  { what: 'no blocks of zeros at the end', layer: file('a'), holds: ['a=pwn'] },
  { what: 'an end in the padding', layer: file('a').subarray(0, 515), holds: ['a=pwn'] },
  { what: 'entries after the end', layer: Buffer.concat([tarOf(file('a')), file('hidden')]), holds: ['a=pwn'] },
  {
    what: 'garbage after the end',
    layer: Buffer.concat([tarOf(file('a')), Buffer.alloc(777, 0xaa)]),
    holds: ['a=pwn'],
  },
  {
    what: 'an entry after one block of zeros',
    layer: Buffer.concat([Buffer.alloc(512), tarOf(file('a'))]),
    rejected: /follows a block of zeros/,
  },
  { what: 'nothing at all', layer: Buffer.alloc(0), holds: [] },
  { what: 'one block of zeros', layer: Buffer.alloc(512), holds: [] },
  ...['uid', 'gid'].flatMap((key) =>
    [2n ** 40n, -1n, 4294967295n].map((id) => {
      return { what: `a ${key} of ${id}`, layer: tarOf(file('a', { [key]: base256(id, 8) })), rejected: /out of range/ }
    }),
  ),
  {
    what: 'a PAX uid of 2^32',
    layer: tarOf(pax({ uid: '4294967296' }), file('a')),
    rejected: /uid 4294967296 is out of range/,
  },
  { what: 'a PAX time that is none', layer: tarOf(pax({ mtime: 'nan' }), file('a')), rejected: /mtime is not a time/ },
  {
    what: 'a PAX time of access that is none',
    layer: tarOf(pax({ atime: 'x' }), file('a')),
    rejected: /atime is not a time/,
  },
  {
    what: 'a long name of 8 MiB',
    layer: tarOf(long('L', 'x'.repeat(8 << 20)), file('a')),
    rejected: /exceed 1048576 bytes/,
  },
  {
    what: 'PAX records of 2 MiB',
    layer: tarOf(pax({ comment: 'x'.repeat(2 << 20) }), file('a')),
    rejected: /exceed 1048576 bytes/,
  },
  {
    what: 'a thousand PAX headers',
    layer: tarOf(...Array.from({ length: 1000 }, () => pax({ comment: 'x'.repeat(1100) })), file('a')),
    rejected: /exceed 1048576 bytes/,
  },
  { what: 'random bytes', layer: sealed(Buffer.alloc(512, 0xe5)), rejected: /number in its header/ },
  { what: 'text', layer: Buffer.from('This is not a tar archive. '.repeat(99)), rejected: /checksum/ },
]

const places: readonly HostileCase[] = [
  { what: 'a file twice', layer: tarOf(member({ name: 'a' }, 'old'), file('a')), holds: ['a=pwn'] },
  { what: 'a file, then a directory', layer: tarOf(file('a'), dir('a'), file('a/b')), holds: ['a/', 'a/b=pwn'] },
  { what: 'a full directory, then a file', layer: tarOf(file('a/b/c'), file('a')), holds: ['a=pwn'] },
  { what: 'a file below a file', layer: tarOf(file('a'), file('a/b')), rejected: /not a directory/ },
  { what: 'a file without its directory', layer: tarOf(file('a/b/c')), holds: ['a/', 'a/b/', 'a/b/c=pwn'] },
  { what: 'a file in a directory of mode 0', layer: tarOf(dir('d', 0), file('d/a')), holds: ['d/', 'd/a=pwn'] },
]

const twice = tarOf(file('d/lower'), file('keep'))
const whiteouts: readonly HostileCase[] = [
  ...['.wh.', '.wh..', '.wh...', 'a/.wh...', 'a/.wh.'].map((name) => {
    return { what: `the whiteout ${name}`, layer: tarOf(file('a/b'), file(name)), rejected: /names no file/ }
  }),
  { what: 'a whiteout of nothing', layer: tarOf(file('a/.wh.none')), holds: [] },
  {
    what: 'a whiteout below a dead symlink',
    layer: tarOf(symlink('l', 'nowhere'), file('l/.wh.x')),
    holds: ['l->nowhere'],
  },
  {
    what: 'a whiteout through a symlink out',
    layer: tarOf(symlink('l', '../victim'), file('l/.wh.hello')),
    holds: ['l->../victim'],
  },
  {
    what: 'a whiteout after the same name',
    below: [twice],
    layer: tarOf(file('keep'), file('.wh.keep')),
    holds: ['d/', 'd/lower=pwn', 'keep=pwn'],
  },
  {
    what: 'a whiteout before the same name',
    below: [twice],
    layer: tarOf(file('.wh.keep'), file('keep')),
    holds: ['d/', 'd/lower=pwn', 'keep=pwn'],
  },
  {
    what: 'a whiteout after a directory of its name',
    below: [twice],
    layer: tarOf(file('d/new'), file('.wh.d')),
    holds: ['d/', 'd/new=pwn', 'keep=pwn'],
  },
  {
    what: 'a late opaque root',
    below: [twice],
    layer: tarOf(file('e/new'), file('d/new'), file('.wh..wh..opq')),
    holds: ['d/', 'd/new=pwn', 'e/', 'e/new=pwn'],
  },
  {
    what: 'an early opaque directory',
    below: [twice],
    layer: tarOf(file('d/.wh..wh..opq'), file('d/new')),
    holds: ['d/', 'd/new=pwn', 'keep=pwn'],
  },
  {
    what: 'an opaque directory that is a symlink of its own',
    below: [twice],
    layer: tarOf(symlink('s', 'd'), file('s/.wh..wh..opq')),
    holds: ['d/', 'keep=pwn', 's->d'],
  },
  { what: 'a directory with the name of a whiteout', layer: tarOf(file('.wh.a/b')), holds: ['.wh.a/', '.wh.a/b=pwn'] },
  {
    what: 'bookkeeping of AUFS',
    layer: tarOf(dir('.wh..wh.plnk'), file('.wh..wh.plnk/1.2'), file('.wh..wh.aufs')),
    holds: [],
  },
]

for (const { what, layer, below = [], rejected, holds } of [...names, ...links, ...forms, ...places, ...whiteouts]) {
  test(`${what}: ${rejected === undefined ? 'is contained' : 'is rejected'}`, async (t) => {
    const scene = canary(t)
    for (const lower of below) await scene.apply(lower)
    const before = scene.outside()
    if (rejected !== undefined) {
      await assert.rejects(scene.apply(layer), (error) => {
        assert.ok(error instanceof HearthError, String(error))
        assert.equal(error.code, 'layer-invalid')
        assert.match(`${error.message}\n${error.why}`, rejected)
        return true
      })
    } else {
      await scene.apply(layer)
      assert.deepEqual(listing(scene.root), holds)
    }
    assert.deepEqual(scene.outside(), before)
  })
}

test('an archive of ADD stays in the directory it is unpacked into', async (t) => {
  for (const archive of [
    tarOf(symlink('l', '../victim'), file('l/pwn')),
    tarOf(symlink('l', '/'), file('l/victim/pwn')),
    tarOf(member({ name: './', type: '5', mode: 0o777, uid: 7 }), file('/victim/pwn')),
  ]) {
    const scene = canary(t)
    await scene.apply(tarOf(dir('opt')))
    const before = scene.outside()
    await scene.extract(archive, 'opt')
    assert.ok(listing(scene.root).includes('opt/victim/pwn=pwn'), listing(scene.root).join(' '))
    assert.ok(listing(scene.root).every((line) => line.startsWith('opt/')))
    assert.deepEqual(scene.outside(), before)
  }
})

test('an error of an archive tells entry, offset and name, and prints no control characters', async (t) => {
  const layer = tarOf(file('first'), pax({ comment: 'x' }), file('bad\x1b[31m\n', { type: 'Z' }))
  await assert.rejects(canary(t).apply(layer), (error) => {
    assert.ok(error instanceof HearthError)
    assert.equal(error.message, 'The archive is invalid at entry 2 "bad\\u001b[31m\\n" (byte 1024)')
    return true
  })
})

test('every cut of an archive is either rejected or a shorter archive, whatever the chunks', async (t) => {
  const layer = Buffer.concat([
    pax({ path: 'a/b', 'SCHILY.xattr.user.x': 'y' }),
    file('x'),
    long('L', 'c'),
    symlink('x', 'a'),
    end,
  ])
  for (const cut of [1, 511, 512, 513, 530, 1024, 1500, 1536, 2047, 2051, 2560, 3071, 3072, 3583, 3584, 4096]) {
    const whole = canary(t)
    const outcome = await whole.apply(layer.subarray(0, cut)).then(() => listing(whole.root), String)
    const parts = canary(t)
    const again = await parts.apply(layer.subarray(0, cut), 7).then(() => listing(parts.root), String)
    assert.deepEqual(again, outcome, `cut at ${cut}`)
  }
})

test('a record of the longest kind that is allowed is applied', async (t) => {
  const scene = canary(t)
  const comment = 'x'.repeat((1 << 20) - record('comment', '').byteLength - 5)
  await scene.apply(tarOf(pax({ comment }), file('a')))
  assert.deepEqual(listing(scene.root), ['a=pwn'])
})
