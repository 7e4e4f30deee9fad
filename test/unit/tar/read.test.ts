import assert from 'node:assert/strict'
import { createReadStream, linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'
import { DigestingStream } from '../../../src/stream/digesting.ts'
import { readPaxTime } from '../../../src/tar/numbers.ts'
import { base256, end, header, member, pax, tarOf } from '../../hostile/raw-tar.ts'
import { run } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { inChunks, type ReadEntry, readAll } from './archives.ts'

const longName = `${'directory-'.repeat(9)}/${'file-'.repeat(18)}`

async function makeTree(t: TestContext): Promise<string> {
  const base = temporaryDirectory(t)
  const tree = join(base, 'tree')
  mkdirSync(join(tree, 'sub'), { recursive: true })
  writeFileSync(join(tree, 'sub/file'), 'content', { mode: 0o755 })
  writeFileSync(join(tree, 'large'), Buffer.alloc(3_000_000, 'abc'))
  linkSync(join(tree, 'sub/file'), join(tree, 'sub/name'))
  symlinkSync('../nowhere', join(tree, 'sub/link'))
  utimesSync(join(tree, 'sub/file'), 1, 1_000_000_000)
  await run('mkfifo', ['-m', '600', join(tree, 'pipe')])
  await run('mknod', [join(tree, 'device'), 'c', '1', '3'])
  await run('chown', ['-h', '12:34', join(tree, 'sub/link'), join(tree, 'sub')])
  return tree
}

async function tarred(tree: string, ...args: readonly string[]): Promise<string> {
  const archive = `${tree}.tar`
  await run('tar', ['-C', tree, '--sort=name', ...args, '-cf', archive, '.'])
  return archive
}

function summary({ entry, content }: ReadEntry): string {
  const { path, type, mode, uid, gid } = entry
  const extra =
    entry.type === 'symlink'
      ? Buffer.from(entry.target).toString()
      : entry.type === 'hardlink'
        ? entry.target
        : content.byteLength
  return `${path} ${type} ${mode.toString(8)} ${uid}:${gid} ${extra}`
}

for (const format of ['ustar', 'gnu', 'oldgnu', 'posix', 'v7']) {
  test(`an archive that GNU tar wrote in its ${format} form is read`, async (t) => {
    const tree = await makeTree(t)
    // The oldest form knows neither pipes nor devices.
    const without = format === 'v7' ? ['--exclude=./pipe', '--exclude=./device'] : []
    const archive = await tarred(tree, `--format=${format}`, '--mode=a-s', ...without)
    const entries = await readAll(createReadStream(archive))
    const special = format === 'v7' ? [] : ['device character 644 0:0 0', 'pipe fifo 600 0:0 0']
    assert.deepEqual(
      entries.map(summary).sort(),
      [
        ' directory 755 0:0 0',
        ...special,
        'large file 644 0:0 3000000',
        'sub directory 755 12:34 0',
        'sub/file file 755 0:0 7',
        'sub/link symlink 777 12:34 ../nowhere',
        'sub/name hardlink 755 0:0 sub/file',
      ].sort(),
    )
    const file = entries.find(({ entry }) => entry.path === 'sub/file')
    assert.equal(file?.entry.mtimeNs, 1_000_000_000_000_000_000n)
    assert.equal(file?.content.toString(), 'content')
  })
}

for (const format of ['ustar', 'gnu', 'posix']) {
  test(`a name of ${longName.length} bytes is read from the ${format} form`, async (t) => {
    const tree = join(temporaryDirectory(t), 'tree')
    mkdirSync(join(tree, longName, '..'), { recursive: true })
    writeFileSync(join(tree, longName), 'x')
    const entries = await readAll(createReadStream(await tarred(tree, `--format=${format}`)))
    assert.ok(entries.some(({ entry, content }) => entry.path === longName && content.toString() === 'x'))
  })
}

test('extended attributes and times are read to the last bit', async (t) => {
  const tree = join(temporaryDirectory(t), 'tree')
  mkdirSync(tree)
  writeFileSync(join(tree, 'file'), '')
  await run('setfattr', ['-n', 'user.bytes', '-v', '0x000a3dff', join(tree, 'file')])
  await run('touch', ['-d', '1969-12-31T23:59:58.123456789Z', join(tree, 'file')])
  const [, file] = await readAll(createReadStream(await tarred(tree, '--format=posix', '--xattrs')))
  assert.deepEqual([...(file?.entry.xattrs ?? [])], [['user.bytes', Buffer.from([0, 10, 61, 255])]])
  assert.equal(file?.entry.mtimeNs, -1_876_543_211n)
})

for (const version of ['0.0', '0.1', '1.0']) {
  test(`a sparse file in the form ${version} of GNU tar is read with its holes`, async (t) => {
    const tree = join(temporaryDirectory(t), 'tree')
    mkdirSync(tree)
    writeFileSync(join(tree, 'sparse'), '')
    truncateSync(join(tree, 'sparse'), 9_000_000)
    for (const at of [0, 4_000_000, 8_500_000]) {
      await run('dd', [
        'if=/dev/zero',
        `of=${tree}/sparse`,
        'bs=1',
        'count=1',
        `seek=${at}`,
        'conv=notrunc',
        'status=none',
      ])
      await run('sh', ['-c', `printf data${at} | dd of=${tree}/sparse bs=1 seek=${at} conv=notrunc status=none`])
    }
    const archive = await tarred(tree, '--format=posix', '--sparse', `--sparse-version=${version}`)
    const [, sparse] = await readAll(createReadStream(archive, { highWaterMark: 1000 }))
    assert.equal(sparse?.entry.path, 'sparse')
    const expected = Buffer.alloc(9_000_000)
    for (const at of [0, 4_000_000, 8_500_000]) expected.write(`data${at}`, at)
    assert.ok(sparse?.content.equals(expected))
  })
}

test('chunks of any size give the same entries', async () => {
  const archive = tarOf(
    pax({ path: `${longName}/é`, mtime: '1.5' }),
    member({ name: 'x' }, 'a'.repeat(1537)),
    pax({ 'GNU.sparse.map': '3,2,9,1', 'GNU.sparse.numblocks': '2', 'GNU.sparse.size': '11' }),
    member({ name: 'sparse' }, 'abc'),
    member({ name: 'empty' }),
    member({ name: 'link', type: '2', link: 'x' }),
  )
  const whole = await readAll(bytesOf(archive))
  assert.equal(whole.length, 4)
  for (const size of [1, 3, 511, 512, 513, 1000])
    assert.deepEqual(await readAll(inChunks(archive, size)), whole, `${size}`)
})

test('numbers that octal digits cannot hold are read', async () => {
  const archive = tarOf(
    header({ name: 'a', uid: base256(4_000_000_000n, 8), gid: base256(70_000n, 8), mtime: base256(-5n, 12) }),
    header({ name: 'b', mtime: base256(2n ** 60n, 12) }),
  )
  const [a, b] = await readAll(bytesOf(archive))
  assert.deepEqual([a?.entry.uid, a?.entry.gid, a?.entry.mtimeNs], [4_000_000_000, 70_000, -5_000_000_000n])
  assert.equal(b?.entry.mtimeNs, 2n ** 60n * 1_000_000_000n)
})

test('times of PAX records have up to nine decimal places', () => {
  const cases: readonly (readonly [string, bigint | undefined])[] = [
    ['0', 0n],
    ['1.', 1_000_000_000n],
    ['1.5', 1_500_000_000n],
    ['-1.5', -1_500_000_000n],
    ['-0.5', -500_000_000n],
    ['1.0000000019', 1_000_000_001n],
    ['.5', undefined],
    ['1.5.1', undefined],
    ['1e3', undefined],
    ['1.-5', undefined],
    ['', undefined],
    ['9223372036854775808', undefined],
  ]
  for (const [text, expected] of cases) assert.equal(readPaxTime(text), expected, text)
})

test('an old file with a slash at its end is a directory, and mode bits of the type are left out', async () => {
  const [a, b] = await readAll(
    bytesOf(tarOf(header({ name: 'a/', type: '\0' }), header({ name: 'b', mode: 0o104755 }))),
  )
  assert.equal(a?.entry.type, 'directory')
  assert.deepEqual([b?.entry.type, b?.entry.mode], ['file', 0o4755])
})

test('the stream is read to its end, so that its digest covers what comes after the archive', async () => {
  const archive = Buffer.concat([tarOf(member({ name: 'a' }, 'x')), Buffer.alloc(100_000, 7)])
  const digesting = new DigestingStream()
  const entries = await readAll(digesting.pass(inChunks(archive, 4096)))
  assert.equal(entries.length, 1)
  assert.equal(digesting.size, archive.byteLength)
})

test('more entries or more bytes than allowed end the reading', async () => {
  const archive = tarOf(member({ name: 'a' }, 'xy'), member({ name: 'b' }, 'xy'))
  const tooMany = { name: 'HearthError', code: 'layer-invalid', why: /more than 1 entries/ }
  await assert.rejects(readAll(bytesOf(archive), { maxEntries: 1 }), tooMany)
  await assert.rejects(readAll(bytesOf(archive), { maxBytes: 3 }), { code: 'layer-invalid', why: /more than 3 bytes/ })
  assert.equal((await readAll(bytesOf(archive), { maxEntries: 2, maxBytes: 4 })).length, 2)
})

test('reading stops when it is aborted', async () => {
  const abort = new AbortController()
  async function* source() {
    yield member({ name: 'a' }, 'x')
    abort.abort(new HearthError({ code: 'interrupted', message: 'stopped' }))
    yield end
  }
  await assert.rejects(readAll(source(), { signal: abort.signal }), { code: 'interrupted' })
})

test('an error of the source is thrown as it is', async () => {
  async function* source() {
    yield member({ name: 'a' }, 'x')
    throw new HearthError({ code: 'integrity', message: 'wrong digest' })
  }
  await assert.rejects(readAll(source()), { code: 'integrity' })
})

test('others have their turn while an archive is read that is there at once', async () => {
  const archive = tarOf(...Array.from({ length: 20_000 }, (_, i) => member({ name: `f${i}` }, 'x')))
  let turns = 0
  const timer = setInterval(() => (turns += 1), 1)
  await readAll(bytesOf(archive))
  clearInterval(timer)
  assert.ok(turns > 0)
})
