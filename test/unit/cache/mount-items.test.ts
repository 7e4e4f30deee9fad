import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { CacheItem } from '../../../cache/cache-item.ts'
import { keepWithin } from '../../../cache/limits.ts'
import { type LeasedDirectory, MountDirectories } from '../../../cache/mount-directories.ts'
import { listMounts } from '../../../cache/mount-items.ts'
import type { CacheSharing } from '../../../src/dockerfile/mount.ts'
import { runIn } from '../../support/isolated.ts'
import { silentLog } from '../../support/silent-log.ts'
import { childProgram, temporaryDirectory } from '../content/support.ts'
import { hour, keptLog } from './samples.ts'

function lease(cache: string, id: string, sharing: CacheSharing = 'shared'): Promise<LeasedDirectory> {
  return new MountDirectories({ directory: join(cache, 'mounts') }).lease({
    ...{ id, target: `/${id}`, begins: undefined, mode: undefined, uid: undefined, gid: undefined },
    ...{ sharing, fill: async () => {}, onWait: () => {} },
  })
}

/** A cache mount with a file of so many bytes, last used some hours ago. */
async function fill(cache: string, id: string, { bytes = 100_000, hours = 0 } = {}): Promise<void> {
  const { directory, release } = await lease(cache, id)
  writeFileSync(join(directory, 'file'), Buffer.alloc(bytes, id))
  await release()
  const { name } = await mount(cache, id)
  const time = new Date(Date.now() - hours * hour)
  if (hours > 0) utimesSync(join(cache, 'mounts', name, 'about.json'), time, time)
}

async function mount(cache: string, id: string): Promise<CacheItem> {
  const found = (await listMounts(cache)).find(({ title }) => title === id)
  assert.ok(found, `there is no cache mount ${id}`)
  return found
}

async function ids(cache: string): Promise<readonly string[]> {
  return (await listMounts(cache)).map(({ title }) => title).sort()
}

/** Another process that has leased a mount. */
async function leaseElsewhere(
  t: TestContext,
  cache: string,
  { id, sharing }: { readonly id: string; readonly sharing: CacheSharing },
): Promise<ChildProcess> {
  const program = childProgram(import.meta.url, 'lease-mount.ts')
  const child = spawn(process.execPath, [program, join(cache, 'mounts'), id, sharing], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  assert.equal(String((await once(child.stdout as NodeJS.ReadableStream, 'data'))[0]), 'leased\n')
  return child
}

test('a cache mount is listed by its id, with what it takes on the disk and its last use', async (t) => {
  const cache = temporaryDirectory(t)
  assert.deepEqual(await listMounts(cache), [])
  await fill(cache, 'npm', { hours: 5 })
  mkdirSync(join(cache, 'mounts', 'lost+found'))
  const [item, ...more] = await listMounts(cache)
  assert.ok(item)
  assert.deepEqual([item.kind, item.title, item.blobs, more], ['mount', 'npm', [], []])
  const du = execFileSync('du', ['-s', '-B1', join(cache, 'mounts', item.name)], { encoding: 'utf8' })
  assert.equal(item.size, Number(du.split('\t')[0]))
  assert.ok(item.created <= item.lastUsed)
  assert.ok(Date.now() - item.lastUsed.getTime() > 4 * hour)
  const again = await lease(cache, 'npm')
  assert.ok(Date.now() - (await mount(cache, 'npm')).lastUsed.getTime() < hour)
  await again.release()
})

test('a cache mount that is removed is gone, and the next build begins anew', async (t) => {
  const cache = temporaryDirectory(t)
  await fill(cache, 'a')
  await (await lease(cache, 'a', 'private')).release()
  assert.equal(await (await mount(cache, 'a')).remove(), true)
  assert.deepEqual([readdirSync(join(cache, 'mounts')), readdirSync(join(cache, 'trash'))], [[], []])
  const { directory, release } = await lease(cache, 'a')
  assert.deepEqual(readdirSync(directory), [])
  await release()
  assert.deepEqual(await ids(cache), ['a'])
})

for (const sharing of ['shared', 'locked', 'private'] as const) {
  test(`a cache mount that another process has ${sharing} stays until it is released`, async (t) => {
    const cache = temporaryDirectory(t)
    await fill(cache, 'a')
    const child = await leaseElsewhere(t, cache, { id: 'a', sharing })
    const item = await mount(cache, 'a')
    assert.equal(await item.remove(), false)
    assert.ok(existsSync(join(cache, 'mounts', item.name, '0', 'a', 'file')))
    child.stdin?.write('go\n')
    await once(child, 'exit')
    assert.equal(await item.remove(), true)
    assert.deepEqual(await ids(cache), [])
  })

  test(`a cache mount that a killed process had ${sharing} goes`, async (t) => {
    const cache = temporaryDirectory(t)
    await fill(cache, 'a')
    const child = await leaseElsewhere(t, cache, { id: 'a', sharing })
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(await (await mount(cache, 'a')).remove(), true)
  })
}

test('builds that come while a cache mount is removed have a directory that stays', async (t) => {
  const cache = temporaryDirectory(t)
  const program = childProgram(import.meta.url, 'remove-mounts.ts')
  const child = spawn(process.execPath, [program, cache], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  const sharings = ['shared', 'locked', 'private'] as const
  const build = async (worker: number): Promise<void> => {
    for (let turn = 0; turn < 40; turn++) {
      const { directory, release } = await lease(cache, 'a', sharings[turn % 3])
      const file = join(directory, `file-${worker}-${turn}`)
      writeFileSync(file, 'kept')
      await new Promise((resolve) => setTimeout(resolve, turn % 4))
      assert.equal(readFileSync(file, 'utf8'), 'kept')
      await release()
    }
  }
  await Promise.all([build(0), build(1)])
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('a cache mount with something mounted below it stays as it is', async (t) => {
  const cache = temporaryDirectory(t)
  await fill(cache, 'a')
  const { name } = await mount(cache, 'a')
  const below = join(cache, 'mounts', name, '0', 'a', 'below')
  mkdirSync(below)
  const program = childProgram(import.meta.url, 'remove-mounts.ts')
  const result = await runIn({ tiny: [{ directory: below, bytes: 4096 }] }, [process.execPath, program, cache, 'once'])
  assert.deepEqual([result.code, result.stdout], [0, 'removing\nfalse\n'], result.stderr)
  assert.ok(existsSync(join(cache, 'mounts', name, '0', 'a', 'file')))
})

test("another user's cache mount is listed, and that it cannot be removed is an error that is explained", async (t) => {
  const cache = temporaryDirectory(t)
  await fill(cache, 'a')
  chmodSync(cache, 0o755)
  const program = childProgram(import.meta.url, 'remove-mounts.ts')
  const result = spawnSync(process.execPath, [program, cache, 'once'], { uid: 65534, gid: 65534, encoding: 'utf8' })
  assert.deepEqual([result.status, result.stdout], [0, 'removing\npermission\n'], result.stderr)
  chmodSync(join(cache, 'mounts', (await mount(cache, 'a')).name), 0o700)
  const closed = spawnSync(process.execPath, [program, cache, 'once'], { uid: 65534, gid: 65534, encoding: 'utf8' })
  assert.deepEqual([closed.status, closed.stdout], [0, 'removing\npermission\n'], closed.stderr)
})

test('cache mounts beyond their size go, those used longest ago first, but never those in use', async (t) => {
  const cache = temporaryDirectory(t)
  const { log, lines } = keptLog()
  const { signal } = new AbortController()
  const within = (maxMountSize: number): Promise<void> => {
    return keepWithin(cache, { maxSize: undefined, maxMountSize, ttlMs: hour }, { log, signal })
  }
  for (const [id, hours] of [
    ['old', 3],
    ['older', 4],
    ['new', 0],
  ] as const)
    await fill(cache, id, { hours })
  await within(1_000_000)
  assert.deepEqual([await ids(cache), lines], [['new', 'old', 'older'], []])
  await fill(cache, 'new', { bytes: 150_000 })
  await within(350_000)
  assert.deepEqual(await ids(cache), ['new', 'old'])
  assert.match(lines.join('\n'), /^INFO.* was pruned: 1 item and 0 blobs, /)
  const held = await lease(cache, 'new')
  await within(0)
  assert.deepEqual(await ids(cache), ['new'])
  await held.release()
  await keepWithin(cache, { maxSize: undefined, ttlMs: hour }, { log: silentLog, signal })
  assert.deepEqual(await ids(cache), ['new'])
})
