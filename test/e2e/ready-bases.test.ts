import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { warm, warmer } from '../support/hearth.ts'
import { type BuildRequest, openScene } from '../support/scene.ts'

const scene = await openScene()
const run = `FROM ${scene.busybox}\nRUN echo made > /made; rm -r /bin/ls; echo more >> /etc/passwd; chmod 700 /bin\n`

function request(cache: string, dockerfile: string, ...more: readonly string[]): BuildRequest {
  const args = ['--cache', '--cache-dir', cache, '--cache-run-layers=false', '--reproducible', '-vdebug', ...more]
  return { dockerfile, files: { file: 'text' }, args }
}

function treesIn(cache: string): readonly string[] {
  return globSync('unpacked/*/tree-*/files', { cwd: cache }).map((path) => join(cache, path))
}

/** Everything lstat says of every file, and what is in it. */
function stateOf(directory: string): string {
  const script =
    'find . -printf "%p %i %m %u %g %s %T@ %C@ %l\\n" | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum'
  return execFileSync('sh', ['-c', script], { cwd: directory, encoding: 'utf8' })
}

test('with --cache-unpacked a base is unpacked once, its files are never changed, and the image is the same', async () => {
  const cache = scene.newDirectory()
  const without = await scene.image(request(cache, run))
  assert.deepEqual(treesIn(cache), [])
  const first = await scene.image(request(cache, run, '--cache-unpacked'))
  const [files, ...more] = treesIn(cache)
  assert.ok(files)
  assert.deepEqual(more, [])
  const before = stateOf(files)
  assert.match(first.result.stderr, /unpacking layer/)
  const second = await scene.image(request(cache, run, '--cache-unpacked'))
  assert.doesNotMatch(second.result.stderr, /unpacking layer/)
  assert.match(second.result.stderr, /the unpacked files of 1 layer/)
  assert.deepEqual([first.digest, second.digest], [without.digest, without.digest])
  assert.equal(stateOf(files), before)
  assert.deepEqual(
    readdirSync(dirname(dirname(files)))
      .map((name) => name.replace(/-.*/, ''))
      .sort(),
    ['tree', 'used'],
  )
})

test('what the warmer has unpacked serves builds that may not write, also several stages of them', async () => {
  const cache = scene.newDirectory()
  await warm(['-i', scene.busybox, '-c', cache, '--unpack'])
  const [files] = treesIn(cache)
  assert.ok(files)
  const before = stateOf(files)
  await warm(['-i', scene.busybox, '-c', cache, '--unpack'])
  assert.equal(treesIn(cache).length, 1)
  const base = scene.busybox
  const dockerfile = `FROM ${base} AS a\nRUN echo a > /a\nFROM a AS b\nRUN echo b > /b\nFROM ${base}\nRUN echo c > /c\nCOPY --from=b /a /b /\nRUN --mount=from=b,target=/m cat /m/a /m/b > /d\n`
  const plain = await scene.image(request(cache, dockerfile))
  const surroundings = { readOnly: [cache] }
  const args = ['--cache-unpacked', '--cache-copy-layers=false']
  const built = await scene.image({ ...request(cache, dockerfile, ...args), surroundings })
  assert.equal(built.digest, plain.digest)
  assert.doesNotMatch(built.result.stderr, /unpacking layer/)
  assert.equal(stateOf(files), before)
})

test('builds at once on one base do not hinder each other', async () => {
  const cache = scene.newDirectory()
  const builds = await Promise.all([1, 2, 3, 4].map(() => scene.image(request(cache, run, '--cache-unpacked'))))
  assert.equal(new Set(builds.map(({ digest }) => digest)).size, 1)
  assert.equal(treesIn(cache).length, 1)
  for (const { result } of builds) assert.doesNotMatch(result.stderr, /WARN/)
})

test('a tree that somebody has changed is unpacked anew, with one warning', async () => {
  const cache = scene.newDirectory()
  const good = await scene.image(request(cache, run, '--cache-unpacked'))
  const [files = ''] = treesIn(cache)
  const path = join(files, 'etc/passwd')
  const { atime, mtime, size } = statSync(path)
  writeFileSync(path, 'x'.repeat(size))
  utimesSync(path, atime, mtime)
  const next = await scene.image(request(cache, run, '--cache-unpacked'))
  assert.equal(next.digest, good.digest)
  assert.equal(next.result.stderr.match(/WARN/g)?.length, 1, next.result.stderr)
  assert.match(next.result.stderr, /not as they were when it was made/)
  assert.ok(!treesIn(cache).includes(files))
})

test('in a user namespace, the tree that root has made is used as it is, and root does not use one without devices', async () => {
  const cache = scene.newDirectory()
  const plain = await scene.image(request(cache, run))
  const inside = ['--cache-unpacked', '--isolation=userns']
  const own = await scene.image(request(cache, run, ...inside))
  assert.equal(own.digest, plain.digest)
  assert.equal(treesIn(cache).length, 1)
  assert.doesNotMatch((await scene.image(request(cache, run, ...inside))).result.stderr, /unpacking layer/)
  assert.equal((await scene.image(request(cache, run, '--cache-unpacked'))).digest, plain.digest)
  assert.equal(treesIn(cache).length, 2)
  for (const tree of treesIn(cache)) if (!hasDevices(tree)) rmSync(dirname(tree), { recursive: true })
  assert.equal(treesIn(cache).length, 1)
  const shared = await scene.image(request(cache, run, ...inside))
  assert.equal(shared.digest, plain.digest)
  assert.doesNotMatch(shared.result.stderr, /unpacking layer/)
})

function hasDevices(tree: string): boolean {
  return execFileSync('cat', [join(dirname(tree), 'seal.json')], { encoding: 'utf8' }).includes('"devices":true')
}

test('where roots are unpacked one by one, kept trees have no use, which is said', async () => {
  const cache = scene.newDirectory()
  const plain = await scene.image(request(cache, run))
  const chroot = await scene.image(request(cache, run, '--cache-unpacked', '--isolation=chroot'))
  assert.equal(chroot.digest, plain.digest)
  assert.match(chroot.result.stderr, /--cache-unpacked has no use here/)
  assert.deepEqual(treesIn(cache), [])
})

test('a build that only copies reads no layer of a base that is known, and a damaged table costs one warning', async () => {
  const cache = scene.newDirectory()
  const dockerfile = `FROM ${scene.busybox}\nCOPY --chown=daemon file /etc/\nWORKDIR /new/one\n`
  const copies = request(cache, dockerfile, '--cache-copy-layers=false')
  const first = await scene.image(copies)
  assert.match(first.result.stderr, /reading the names in layer/)
  const second = await scene.image(copies)
  assert.doesNotMatch(second.result.stderr, /reading the names in layer|WARN/)
  assert.equal(second.digest, first.digest)
  const [table = ''] = globSync('unpacked/*/files', { cwd: cache })
  writeFileSync(join(cache, table), 'x'.repeat(100))
  const third = await scene.image(copies)
  assert.equal(third.result.stderr.match(/WARN/g)?.length, 1)
  assert.equal(third.digest, first.digest)
  const fourth = await scene.image(copies)
  assert.doesNotMatch(fourth.result.stderr, /reading the names in layer|WARN/)
})

test('what is warm is known to builds from the start', async () => {
  const cache = scene.newDirectory()
  await warm(['-i', scene.busybox, '-c', cache])
  assert.deepEqual(treesIn(cache), [])
  const built = await scene.image(request(cache, `FROM ${scene.busybox}\nCOPY file /etc/\n`))
  assert.doesNotMatch(built.result.stderr, /reading the names in layer/)
})

test('only root can unpack what is warm', async () => {
  const failed = await warmer(['-i', scene.busybox, '-c', scene.newDirectory(), '--unpack'], {
    under: ['setpriv', '--reuid=65532', '--regid=65532', '--clear-groups'],
  })
  assertClearError(failed, [/Only root can unpack/])
})
