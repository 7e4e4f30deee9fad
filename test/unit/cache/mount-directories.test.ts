import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { MountDirectories, type MountUse } from '../../../cache/mount-directories.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const plain: MountUse = {
  ...{ id: 'a', target: '/root/.cache', begins: undefined, mode: undefined, uid: undefined, gid: undefined },
  ...{ sharing: 'shared', fill: async () => {}, onWait: () => assert.fail('nobody else is there') },
}

test('a directory stays under its id, and has the name of its first target', async (t) => {
  const directory = join(temporaryDirectory(t), 'mounts')
  const first = await new MountDirectories({ directory }).lease(plain)
  assert.equal(basename(first.directory), '.cache')
  writeFileSync(join(first.directory, 'file'), 'kept')
  await first.release()
  const later = await new MountDirectories({ directory }).lease({ ...plain, target: '/elsewhere' })
  assert.equal(later.directory, first.directory)
  assert.equal(readFileSync(join(later.directory, 'file'), 'utf8'), 'kept')
  await later.release()
})

test('ids, beginnings, owners and modes have directories of their own', async (t) => {
  const directory = temporaryDirectory(t)
  const mounts = new MountDirectories({ directory })
  const others = new MountDirectories({ directory, owners: '0 1000 1' })
  const uses = [
    plain,
    { ...plain, id: '../b/c\n' },
    { ...plain, begins: ['x', ''] },
    { ...plain, mode: 0o700 },
    { ...plain, uid: 5 },
  ]
  const leased = await Promise.all([...uses.map((use) => mounts.lease(use)), others.lease(plain)])
  assert.equal(new Set(leased.map((lease) => dirname(dirname(lease.directory)))).size, 6)
  for (const lease of leased) {
    assert.equal(dirname(dirname(dirname(lease.directory))), directory)
    await lease.release()
  }
  const { mode, uid } = lstatSync(leased[4]?.directory ?? '')
  assert.deepEqual([mode & 0o7777, uid], [0o755, 5])
})

test('a new directory appears with all it begins with, or not at all', async (t) => {
  const directory = temporaryDirectory(t)
  const mounts = new MountDirectories({ directory })
  const failing = async (made: string): Promise<void> => {
    mkdirSync(join(made, 'half'))
    throw new Error('killed here')
  }
  await assert.rejects(mounts.lease({ ...plain, fill: failing }), /failed/)
  const place = join(directory, readdirSync(directory)[0] ?? '')
  assert.deepEqual(readdirSync(place), ['about.json'])
  let fills = 0
  const fill = async (made: string): Promise<void> => {
    fills += 1
    writeFileSync(join(made, 'whole'), '')
  }
  const leased = await Promise.all(Array.from({ length: 5 }, () => mounts.lease({ ...plain, fill })))
  assert.equal(new Set(leased.map((lease) => lease.directory)).size, 1)
  assert.deepEqual(readdirSync(leased[0]?.directory ?? ''), ['whole'])
  for (const lease of leased) await lease.release()
  const again = await mounts.lease({ ...plain, fill })
  assert.ok(fills <= 5)
  await again.release()
})

test('whoever asks for a locked directory waits, and is told so', async (t) => {
  const mounts = new MountDirectories({ directory: temporaryDirectory(t) })
  const locked = { ...plain, sharing: 'locked' } as const
  const first = await mounts.lease(locked)
  const waits: string[] = []
  let tell = (): void => {}
  const told = new Promise<void>((resolve) => {
    tell = resolve
  })
  const onWait = (): void => {
    waits.push('waiting')
    tell()
  }
  const second = mounts.lease({ ...locked, onWait })
  await told
  const controller = new AbortController()
  const aborted = mounts.lease({
    ...locked,
    onWait: () => controller.abort(new Error('stop')),
    signal: controller.signal,
  })
  await assert.rejects(aborted, /stop/)
  writeFileSync(join(first.directory, 'file'), '')
  await first.release()
  const lease = await second
  assert.deepEqual([waits, lease.directory], [['waiting'], first.directory])
  assert.ok(existsSync(join(lease.directory, 'file')))
  await lease.release()
})

test('whoever asks for a private directory gets the first that is free', async (t) => {
  const mounts = new MountDirectories({ directory: temporaryDirectory(t) })
  const own = { ...plain, sharing: 'private' } as const
  const first = await mounts.lease(own)
  const second = await mounts.lease(own)
  assert.notEqual(first.directory, second.directory)
  await first.release()
  const third = await mounts.lease(own)
  assert.equal(third.directory, first.directory)
  await second.release()
  await third.release()
})

test('what killed builds have left goes, and nothing else', async (t) => {
  const directory = temporaryDirectory(t)
  const mounts = new MountDirectories({ directory })
  const first = await mounts.lease(plain)
  const place = dirname(dirname(first.directory))
  const [dead, alive] = ['0-0123456789abcdef.lock', '0-fedcba9876543210.lock']
  const [unfinished, recent] = [`.${'1'.repeat(24)}.tmp`, `.${'2'.repeat(24)}.tmp`]
  for (const name of [dead, alive]) writeFileSync(join(place, name), '')
  for (const name of [unfinished, recent]) mkdirSync(join(place, name, 'half'), { recursive: true })
  utimesSync(join(place, dead), 0, Date.now() / 1000 - 3600)
  utimesSync(join(place, unfinished), 0, Date.now() / 1000 - 25 * 3600)
  await (await mounts.lease(plain)).release()
  await first.release()
  assert.deepEqual(readdirSync(place).sort(), ['0', recent, 'about.json', alive].sort())
})
