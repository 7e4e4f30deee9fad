import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { createLog } from '../../../src/log.ts'
import { applyLayer } from '../../../src/rootfs/apply.ts'
import type { Bytes } from '../../../src/stream/bytes.ts'
import { inChunks, listing } from '../../hostile/canary.ts'
import { end, header, member, pax, tarOf } from '../../hostile/raw-tar.ts'
import { run } from '../../support/command.ts'
import { compareTrees, readTree } from '../../support/image-tree.ts'
import { runIn } from '../../support/isolated.ts'
import { temporaryDirectory } from '../../support/temp.ts'

interface Scene {
  readonly root: string
  readonly warnings: readonly string[]
  apply(layer: Uint8Array | Bytes, signal?: AbortSignal): Promise<void>
}

function newScene(t: TestContext): Scene {
  const root = join(temporaryDirectory(t), 'root')
  mkdirSync(root, { mode: 0o755 })
  const warnings: string[] = []
  const write = (line: string): void => void warnings.push(line)
  const log = createLog({ level: 'warn', format: 'text', timestamp: false, secrets: [], write, now: () => new Date() })
  return {
    root,
    warnings,
    apply: (layer, signal) => {
      const tar = layer instanceof Uint8Array ? inChunks(layer, 1 << 20) : layer
      return applyLayer(root, tar, { log, ...(signal === undefined ? {} : { signal }) })
    },
  }
}

const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8)
const directory = (name: string, mode: number, mtime = 0): Buffer => member({ name, type: '5', mode, mtime })

for (const format of ['gnu', 'posix']) {
  test(`a tree of this machine in the ${format} form becomes what GNU tar makes of it`, async (t) => {
    const base = temporaryDirectory(t)
    const archive = join(base, 'tree.tar')
    const xattrs = format === 'posix' ? ['--xattrs', '--xattrs-include=*'] : []
    await run('tar', [`--format=${format}`, ...xattrs, '--numeric-owner', '-C', '/etc', '-cf', archive, '.'])
    mkdirSync(join(base, 'gnu'), { mode: 0o755 })
    await run('tar', ['-C', join(base, 'gnu'), ...xattrs, '--numeric-owner', '-xpf', archive])
    const scene = newScene(t)
    await scene.apply(readFileSync(archive))
    const [theirs, ours] = [await readTree(join(base, 'gnu')), await readTree(scene.root)]
    assert.deepEqual(compareTrees(theirs, ours, { times: true }), [])
    assert.ok(ours.size > 100)
  })
}

test('layers with whiteouts become what umoci makes of them', async (t) => {
  const layers = [
    tarOf(
      ...['a/', 'a/b/', 'c/', 'c/d/'].map((name) => directory(name, 0o755)),
      ...['a/1', 'a/b/2', 'a/b/3', 'c/4', 'c/d/5', '6'].map((name) => member({ name }, name)),
      member({ name: 'link', type: '2', link: 'a', mode: 0o777 }),
      member({ name: 'hard', type: '1', link: '6' }),
    ),
    tarOf(
      member({ name: 'a/.wh.1' }),
      directory('a/b/', 0o700),
      member({ name: 'a/b/.wh..wh..opq' }),
      member({ name: 'a/b/new' }, 'new'),
      member({ name: '.wh.c' }),
      member({ name: '.wh.6' }),
      member({ name: 'link' }, 'a file now'),
    ),
    tarOf(
      directory('c/', 0o711),
      member({ name: 'c/again' }, 'x'),
      member({ name: 'a', type: '2', link: 'c', mode: 0o777 }),
    ),
  ]
  const base = temporaryDirectory(t)
  const image = join(base, 'layout:image')
  await run('umoci', ['init', '--layout', join(base, 'layout')])
  await run('umoci', ['new', '--image', image])
  const scene = newScene(t)
  for (const [i, layer] of layers.entries()) {
    writeFileSync(join(base, `${i}.tar`), layer)
    await run('umoci', ['raw', 'add-layer', '--image', image, join(base, `${i}.tar`)])
    await scene.apply(layer)
  }
  await run('umoci', ['unpack', '--image', image, join(base, 'bundle')])
  const [theirs, ours] = [await readTree(join(base, 'bundle/rootfs')), await readTree(scene.root)]
  assert.deepEqual(compareTrees(theirs, ours), [])
  assert.deepEqual(listing(scene.root), ['a->c', 'c/', 'c/again=x', 'hard=6', 'link=a file now'])
})

test('directories keep mode and time although they are filled afterwards', async (t) => {
  const { root, apply } = newScene(t)
  await apply(
    tarOf(
      directory('./', 0o711, 5),
      directory('d/', 0o000, 7),
      member({ name: 'd/e/f' }, 'x'),
      directory('d/e/', 0o2750, 9),
    ),
  )
  assert.deepEqual([modeOf(root), modeOf(join(root, 'd')), modeOf(join(root, 'd/e'))], ['711', '0', '2750'])
  const times = ['', 'd', 'd/e'].map((path) => lstatSync(join(root, path)).mtimeMs)
  assert.deepEqual(times, [5000, 7000, 9000])
})

test('a directory that nothing describes has mode 0755 and belongs to root, whatever lies around it', async (t) => {
  const { root, apply } = newScene(t)
  await apply(tarOf(member({ name: 'd', type: '5', mode: 0o2777, gid: 7 })))
  const umask = process.umask(0o077)
  await apply(tarOf(member({ name: 'd/e/f' }, 'x'))).finally(() => process.umask(umask))
  const { uid, gid } = lstatSync(join(root, 'd/e'))
  assert.deepEqual([modeOf(join(root, 'd/e')), uid, gid], ['755', 0, 0])
  assert.deepEqual([modeOf(join(root, 'd/e/f')), lstatSync(join(root, 'd/e/f')).gid], ['644', 0])
})

test('the last description of a directory counts, and that of a replaced one does not', async (t) => {
  const { root, apply } = newScene(t)
  await apply(
    tarOf(
      directory('d', 0o700, 1),
      directory('d', 0o750, 2),
      directory('e', 0o700, 3),
      directory('e/f', 0o700, 3),
      member({ name: 'e' }, 'a file'),
      member({ name: 'e', type: '5', mode: 0o711, mtime: 4 }),
      member({ name: 'e/f/g' }, 'x'),
    ),
  )
  assert.deepEqual([modeOf(join(root, 'd')), modeOf(join(root, 'e')), modeOf(join(root, 'e/f'))], ['750', '711', '755'])
  assert.equal(lstatSync(join(root, 'e')).mtimeMs, 4000)
})

test('a file that exists is replaced and not written into, so that its other names keep what they have', async (t) => {
  const { root, apply } = newScene(t)
  await apply(tarOf(member({ name: 'a' }, 'old'), member({ name: 'b', type: '1', link: 'a' })))
  await apply(tarOf(member({ name: 'a' }, 'new')))
  assert.deepEqual(listing(root), ['a=new', 'b=old'])
})

test('hard links share one file, and a link does not take a file capability away', async (t) => {
  const { root, apply } = newScene(t)
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')
  await apply(
    tarOf(
      pax({ 'SCHILY.xattr.security.capability': capability }),
      member({ name: 'ping', mode: 0o755, uid: 3 }, 'x'),
      member({ name: 'bin/ping', type: '1', link: 'ping', mode: 0o755, uid: 3 }),
    ),
  )
  assert.equal(lstatSync(join(root, 'ping')).ino, lstatSync(join(root, 'bin/ping')).ino)
  assert.match(execFileSync('getcap', [join(root, 'bin/ping')], { encoding: 'utf8' }), /cap_net_raw=ep/)
})

test('symlinks, devices and pipes get owners and times of their own', async (t) => {
  const { root, apply } = newScene(t)
  await apply(
    tarOf(
      member({ name: 'l', type: '2', link: 'nowhere', uid: 1, gid: 2, mtime: 3, mode: 0o777 }),
      member({ name: 'c', type: '3', major: 1, minor: 3, uid: 4, mode: 0o620, mtime: 5 }),
      member({ name: 'p', type: '6', mode: 0o4711, mtime: 6 }),
    ),
  )
  const tree = await readTree(root)
  const { mtime, ...link } = tree.get('l') ?? {}
  assert.deepEqual([link, mtime], [{ type: 'symlink', mode: '777', owner: '1:2', target: 'nowhere' }, '3.000000000'])
  const { mtime: _, ...device } = tree.get('c') ?? {}
  assert.deepEqual(device, { type: 'character', mode: '620', owner: '4:0', device: '1:3' })
  assert.deepEqual([tree.get('p')?.type, tree.get('p')?.mode], ['fifo', '4711'])
})

test('a hole stays a hole on the disk', async (t) => {
  const { root, apply } = newScene(t)
  const records = {
    'GNU.sparse.major': '1',
    'GNU.sparse.minor': '0',
    'GNU.sparse.name': 's',
    'GNU.sparse.realsize': String(2 ** 32),
  }
  const map = Buffer.alloc(512)
  map.write('1\n1000000\n4\n')
  await apply(tarOf(pax(records), member({}, Buffer.concat([map, Buffer.from('data')]))))
  const { size, blocks } = statSync(join(root, 's'))
  assert.equal(size, 2 ** 32)
  assert.ok(blocks < 1000, `${blocks} blocks`)
})

test('an attribute that the filesystem does not know is left out with one warning', async (t) => {
  const { root, apply, warnings } = newScene(t)
  const odd = pax({ 'SCHILY.xattr.odd.space': 'x' })
  await apply(tarOf(odd, member({ name: 'a' }, 'x'), odd, member({ name: 'b' }, 'x')))
  assert.deepEqual(listing(root), ['a=x', 'b=x'])
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /"odd\.space"/)
})

test('a layer with more directories than stay open is applied whole', async (t) => {
  const { root, apply } = newScene(t)
  const paths = Array.from({ length: 300 }, (_, i) => `d${i % 150}/e${i}/f`)
  await apply(tarOf(...paths.map((name) => member({ name }, name))))
  const files = listing(root).filter((line) => line.includes('='))
  assert.deepEqual(files, paths.map((path) => `${path}=${path}`).sort())
})

test('no descriptor stays open, whether a layer is applied, broken or aborted', async (t) => {
  const { apply } = newScene(t)
  const open = (): number => readdirSync('/proc/self/fd').length
  const file = member({ name: 'a/b/c', size: 2000 }, Buffer.alloc(2000))
  await apply(tarOf(file))
  const before = open()
  await apply(tarOf(file, file))
  await assert.rejects(apply(file.subarray(0, 1000)), { code: 'layer-invalid' })
  const abort = new AbortController()
  async function* source(): Bytes {
    yield file.subarray(0, 1000)
    abort.abort(new HearthError({ code: 'interrupted', message: 'stopped' }))
    yield file.subarray(1000)
  }
  await assert.rejects(apply(source(), abort.signal), { code: 'interrupted' })
  assert.equal(open(), before)
})

test('an error of the stream is thrown as it is, even after the archive has ended', async (t) => {
  const { apply } = newScene(t)
  async function* source(): Bytes {
    yield Buffer.concat([member({ name: 'a' }, 'x'), end])
    throw new HearthError({ code: 'integrity', message: 'wrong digest' })
  }
  await assert.rejects(apply(source()), { code: 'integrity' })
})

test('a name the filesystem refuses is an error that tells the file', async (t) => {
  const { apply } = newScene(t)
  const path = `d/${'x'.repeat(256)}`
  await assert.rejects(apply(tarOf(pax({ path }), header())), {
    code: 'layer-invalid',
    message: /^\/d\/x+ cannot be made$/,
  })
})

test('a full disk is an error that tells the file', async (t) => {
  const { root } = newScene(t)
  const script = `
    import { applyLayer } from '${join(import.meta.dirname, '../../../src/rootfs/apply.ts')}'
    import { member, tarOf } from '${join(import.meta.dirname, '../../hostile/raw-tar.ts')}'
    async function* tar() { yield tarOf(member({ name: 'etc/large' }, Buffer.alloc(1 << 20))) }
    await applyLayer('${root}', tar(), {}).catch((error) => console.log(error.code, error.message))`
  const argv = [process.execPath, '--input-type=module', '-e', script]
  const { stdout, stderr } = await runIn({ tiny: [{ directory: root, bytes: 1 << 18 }] }, argv)
  assert.equal(stderr, '')
  assert.match(stdout, /^disk-full \/etc\/large: No space left/)
})
