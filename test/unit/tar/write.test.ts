import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { HearthError } from '../../../src/errors.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'
import type { TarEntry, TarItem } from '../../../src/tar/entry.ts'
import { type RawPath, rawPath } from '../../../src/tar/raw-path.ts'
import { writeTar } from '../../../src/tar/write.ts'
import { run, succeeded, tryRun } from '../../support/command.ts'
import { readTree } from '../../support/image-tree.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { bytesFrom, common, fileItem, readAll } from './archives.ts'

const name = (bytes: string): RawPath => bytes as RawPath
const long = name(`${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}`)
const fits = name(`${'p'.repeat(150)}/${'n'.repeat(100)}`)
const binary = new Map<string, Uint8Array>([
  ['user.bytes', Buffer.from([0, 10, 61, 255])],
  ['user.empty', Buffer.alloc(0)],
])

/** One of everything, with parents first. */
const items: readonly TarItem[] = [
  { entry: { ...common, path: rawPath(''), type: 'directory', mode: 0o755, mtimeNs: 1_500_000_000n } },
  { entry: { ...common, path: rawPath('dir'), type: 'directory', mode: 0o1777, uid: 3_000_000, gid: 4_294_967_294 } },
  fileItem('dir/file', 'content', { mode: 0o4755, uid: 12, gid: 34, mtimeNs: 1_700_000_000_123_456_789n }),
  fileItem('dir/old', 'x', { mtimeNs: -1_500_000_000n }),
  fileItem('dir/attributes', '', { xattrs: binary }),
  fileItem('dir/large', Buffer.alloc(700_001, 'large ')),
  fileItem('dir/ümläut', 'x'),
  { ...fileItem('x', 'raw'), entry: { ...common, path: name('dir/raw\xff\n'), type: 'file', size: 3 } },
  {
    entry: {
      ...common,
      path: rawPath('dir/hard'),
      type: 'hardlink',
      target: rawPath('dir/file'),
      mode: 0o4755,
      uid: 12,
      gid: 34,
      mtimeNs: 1_700_000_000_123_456_789n,
    },
  },
  {
    entry: {
      ...common,
      path: rawPath('dir/soft'),
      type: 'symlink',
      target: Buffer.from('../\xff', 'latin1'),
      mode: 0o777,
    },
  },
  { entry: { ...common, path: rawPath('dir/far'), type: 'symlink', target: Buffer.alloc(300, 'abc/'), mode: 0o777 } },
  { entry: { ...common, path: rawPath('device'), type: 'character', major: 1, minor: 3 } },
  { entry: { ...common, path: rawPath('disk'), type: 'block', major: 259, minor: 70_000 } },
  { entry: { ...common, path: rawPath('pipe'), type: 'fifo', mode: 0o600 } },
  ...directories(long),
  fileItem(long, 'long'),
  ...directories(fits),
  fileItem(fits, 'fits'),
]

function directories(path: RawPath): readonly TarItem[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, i) => {
    const directory = name(parts.slice(0, i + 1).join('/'))
    return { entry: { ...common, path: directory, type: 'directory', mode: 0o755 } }
  })
}

async function archiveOf(
  t: TestContext,
  written: Iterable<TarItem> = items,
): Promise<{ base: string; archive: string }> {
  const base = temporaryDirectory(t)
  const archive = join(base, 'archive.tar')
  writeFileSync(archive, await bytesFrom(writeTar(written)))
  return { base, archive }
}

/** What an entry says that a file on disk can have. */
function expected(item: TarItem): string {
  const { path, type, mode, uid, gid, mtimeNs, xattrs } = item.entry
  const owner = type === 'hardlink' ? 'file' : type
  const names = [...xattrs].filter(([, value]) => value.byteLength > 0).map(([key]) => key)
  return JSON.stringify([path, owner, mode.toString(8), `${uid}:${gid}`, String(mtimeNs), names])
}

async function onDiskLines(root: string): Promise<readonly string[]> {
  const tree = await readTree(root)
  const lines = [...tree].map(([path, file]) => {
    const mtime = lstatSync(Buffer.from(`${root}/${path}`, 'latin1'), { bigint: true }).mtimeNs
    const names = Object.keys(file.xattrs ?? {}).filter((key) => key !== 'user.empty')
    return JSON.stringify([path, file.type, file.mode, file.owner, String(mtime), names])
  })
  return lines.sort()
}

test('what is written reads back as it was', async () => {
  const entries = await readAll(writeTar(items))
  assert.deepEqual(
    entries.map(({ entry }) => entry),
    items.map(({ entry }) => entry),
  )
  for (const [i, { content }] of entries.entries()) {
    const given = await contentOf(items[i])
    assert.ok(content.equals(given), items[i]?.entry.path)
  }
})

test('GNU tar unpacks what is written', async (t) => {
  const { base, archive } = await archiveOf(t)
  const out = join(base, 'out')
  mkdirSync(out)
  const options = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--warning=no-timestamp']
  const { stdout, stderr } = succeeded(await tryRun('tar', [...options, '-C', out, '-xpf', archive]), ['tar'])
  assert.equal(stdout + stderr, '')
  assert.deepEqual(await onDiskLines(out), items.map(expected).sort())
  assert.equal(readFileSync(Buffer.from(`${out}/${long}`), 'utf8'), 'long')
})

test('bsdtar unpacks what is written', async (t) => {
  // It leaves the top alone, wants names in UTF-8, and is a second wrong about fractions before 1970.
  const readable = items.filter(({ entry }) => !/^$|raw|soft|old/.test(entry.path))
  const { base, archive } = await archiveOf(t, readable)
  const out = join(base, 'out')
  mkdirSync(out)
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' }
  await run('bsdtar', ['--numeric-owner', '-C', out, '-xpf', archive], { env })
  const lines = await onDiskLines(out)
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('["",')),
    readable.map(expected).sort(),
  )
})

test("Python's tarfile reads what is written", async (t) => {
  const { archive } = await archiveOf(t)
  const script = `
import tarfile, json, sys
with tarfile.open(sys.argv[1], errors="surrogateescape") as tar:
    for m in tar:
        name = m.name.encode("utf-8", "surrogateescape").decode("latin1")
        data = tar.extractfile(m).read() if m.isreg() else b""
        print(json.dumps([name, m.mode, m.uid, m.gid, m.type.decode(), len(data), m.uname + m.gname, m.devminor]))
`
  const out = await run('python3', ['-c', script, archive])
  const read = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const flags = { file: '0', hardlink: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' }
  assert.deepEqual(
    read,
    items.map(({ entry }) => {
      const { path, mode, uid, gid, type } = entry
      const size = entry.type === 'file' ? entry.size : 0
      return [path === '' ? '.' : path, mode, uid, gid, flags[type], size, '', 'minor' in entry ? entry.minor : 0]
    }),
  )
})

test('umoci unpacks what is written as a layer', async (t) => {
  const { base, archive } = await archiveOf(t)
  const layout = join(base, 'layout')
  await run('umoci', ['init', '--layout', layout])
  await run('umoci', ['new', '--image', `${layout}:image`])
  await run('umoci', ['raw', 'add-layer', '--image', `${layout}:image`, archive])
  await run('umoci', ['unpack', '--image', `${layout}:image`, join(base, 'bundle')])
  assert.deepEqual(await onDiskLines(join(base, 'bundle/rootfs')), items.map(expected).sort())
})

test('plain files need no extended headers, and their bytes are those of GNU tar', async (t) => {
  const base = temporaryDirectory(t)
  mkdirSync(join(base, 'tree/dir'), { recursive: true })
  writeFileSync(join(base, 'tree/dir/file'), 'content')
  const gnu = ['-C', join(base, 'tree'), '--format=ustar', '--sort=name', '--numeric-owner', '--owner=0', '--group=0']
  await run('tar', [...gnu, '--mtime=@1000', '-b', '1', '-cf', join(base, 'gnu.tar'), 'dir'])
  const mtimeNs = 1_000_000_000_000n
  const dir: TarEntry = { ...common, path: rawPath('dir'), type: 'directory', mode: 0o755, mtimeNs }
  const ours = await bytesFrom(writeTar([{ entry: dir }, fileItem('dir/file', 'content', { mtimeNs })]))
  assert.ok(ours.equals(readFileSync(join(base, 'gnu.tar'))))
})

test('the same items give the same bytes, whether they come at once or one by one', async () => {
  async function* later() {
    yield* items
  }
  const bytes = await bytesFrom(writeTar(items))
  assert.ok(bytes.equals(await bytesFrom(writeTar(later()))))
  assert.equal(bytes.byteLength % 512, 0)
})

test('many small files come in few large chunks', async () => {
  const many = Array.from({ length: 3000 }, (_, i) => fileItem(`f${i}`, 'x'))
  let [chunks, bytes] = [0, 0]
  for await (const chunk of writeTar(many)) {
    chunks += 1
    bytes += chunk.byteLength
  }
  assert.equal(bytes, 3000 * 1024 + 1024)
  assert.equal(chunks, 3)
})

const promised = (size: number, open: NonNullable<TarItem['open']>): TarItem => {
  return { entry: { ...common, path: rawPath('dir/grown'), type: 'file', size }, open }
}

test('content of another length than promised is an error that names the file', async () => {
  const wrong: readonly TarItem[] = [
    promised(3, () => [Buffer.from('ab')]),
    promised(3, () => [Buffer.from('ab'), Buffer.from('cd')]),
    promised(3, () => bytesOf(Buffer.from('abcd'))),
    promised(3, () => bytesOf(Buffer.from('a'))),
    { entry: { ...common, path: rawPath('dir/grown'), type: 'file', size: 3 } },
  ]
  for (const item of wrong) {
    await assert.rejects(bytesFrom(writeTar([item])), (error) => {
      assert.ok(error instanceof HearthError)
      assert.match(error.message, /\/dir\/grown/)
      return true
    })
  }
})

test('an error while content is read ends the archive, and the source of items is closed', async () => {
  let closed = false
  function* source(): Generator<TarItem> {
    try {
      yield promised(3, () => {
        throw new HearthError({ code: 'copy-source', message: 'gone' })
      })
    } finally {
      closed = true
    }
  }
  await assert.rejects(bytesFrom(writeTar(source())), { code: 'copy-source' })
  assert.ok(closed)
})

test('an attribute whose name a record cannot hold is refused', async () => {
  const item = fileItem('f', '', { xattrs: new Map([['user.a=b', new Uint8Array()]]) })
  await assert.rejects(bytesFrom(writeTar([item])), /user\.a=b/)
})

const anyName = fc
  .array(
    fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.map((part) => part.replace(/[/\0]/g, '_')).map((part) => (/^\.\.?$/.test(part) ? 'dot' : part)))
  .map((parts) => parts.join('/') as RawPath)

const anyEntry = fc.record({
  path: anyName,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 0xffff_fffe }),
  gid: fc.integer({ min: 0, max: 0xffff_fffe }),
  mtimeNs: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  xattrs: fc.dictionary(fc.stringMatching(/^user\.[a-z.]{1,20}$/), fc.uint8Array({ maxLength: 300 })).map(
    (values) =>
      new Map(
        Object.entries(values)
          .sort()
          .map(([key, value]) => [key, Buffer.from(value)]),
      ),
  ),
})

test('any entry reads back as it was written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(anyEntry, fc.uint8Array({ maxLength: 2000 }))), async (written) => {
      const sorted = written.map(([entry, content]): TarItem => {
        return { entry: { ...entry, type: 'file', size: content.byteLength }, open: () => [content] }
      })
      const read = await readAll(writeTar(sorted))
      assert.deepEqual(
        read.map(({ entry }) => ({ ...entry, xattrs: new Map([...entry.xattrs].sort()) })),
        sorted.map(({ entry }) => entry),
      )
      for (const [i, { content }] of read.entries()) assert.ok(content.equals(written[i]?.[1] ?? Buffer.alloc(1)))
    }),
    { numRuns: 100, seed: 1 },
  )
})

async function contentOf(item: TarItem | undefined): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of item?.open?.() ?? []) parts.push(chunk)
  return Buffer.concat(parts)
}
