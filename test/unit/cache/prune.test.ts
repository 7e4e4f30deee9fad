import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { allocatedBelow, usageOf } from '../../../cache/disk-usage.ts'
import { takeInventory } from '../../../cache/inventory.ts'
import { keepWithin } from '../../../cache/limits.ts'
import { readLivePins } from '../../../cache/live-pins.ts'
import { localLayerCache } from '../../../cache/local.ts'
import { Pins } from '../../../cache/pins.ts'
import { type PruneOptions, type PruneOutcome, pruneCache } from '../../../cache/prune.ts'
import { moveToTrash } from '../../../cache/trash.ts'
import { verifyCache } from '../../../cache/verify.ts'
import { BlobStore } from '../../../src/content/blob-store.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { silentLog } from '../../support/silent-log.ts'
import { childProgram, filesBelow, flipBit, temporaryDirectory } from '../content/support.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleTime } from './samples.ts'

/** A cache directory that holds the named layers. */
async function filled(t: TestContext, names: readonly string[]): Promise<string> {
  const directory = temporaryDirectory(t)
  const { log } = keptLog()
  const store = openStore(directory)
  const cache = localLayerCache({ directory, store, ttlMs: hour, readOnly: false, log, now: () => sampleTime })
  for (const name of names) await cache.store(sampleEntry(name), await sampleLayer(store, name))
  await cache.close()
  return directory
}

async function prune(directory: string, more: Partial<PruneOptions> = {}): Promise<PruneOutcome> {
  const usual = { policyAt: () => ({ everything: true }), graceMs: 0, dryRun: false, patienceMs: 20_000 }
  const outcome = await pruneCache(directory, { ...usual, log: silentLog, ...more })
  assert.ok(outcome)
  return outcome
}

const blobsIn = (directory: string): number => readdirSync(join(directory, 'blobs', 'sha256')).length
const titles = (outcome: PruneOutcome): readonly string[] => outcome.removals.map(({ item }) => item.title).sort()

/** A process that has found a layer, and reads it when it is written to. */
async function holder(t: TestContext, directory: string, name: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [childProgram(import.meta.url, 'hold-layer.ts'), directory, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  assert.equal(String((await once(child.stdout as NodeJS.ReadableStream, 'data'))[0]), 'found\n')
  return child
}

test('what a killed prune has left of a mount goes after an hour', async (t) => {
  const directory = await filled(t, ['a'])
  const [old, recent] = ['mount-0123', 'unpacked-4567'].map((name) => join(directory, 'trash', name, 'files'))
  for (const path of [old, recent]) mkdirSync(path ?? '', { recursive: true })
  utimesSync(join(directory, 'trash', 'mount-0123'), 0, Date.now() / 1000 - 2 * 3600)
  await prune(directory)
  assert.deepEqual(readdirSync(join(directory, 'trash')), ['unpacked-4567'])
})

test('everything goes that nobody uses, and the directory works on', async (t) => {
  const directory = await filled(t, ['a', 'b'])
  const outcome = await prune(directory)
  assert.deepEqual(titles(outcome), ['COPY a /', 'COPY b /'])
  assert.ok(outcome.freed > 10_000)
  assert.equal(outcome.left, 0)
  assert.deepEqual([blobsIn(directory), readdirSync(join(directory, 'trash'))], [0, []])
})

test('a layer that another process has found can be read after a prune of everything', async (t) => {
  const directory = await filled(t, ['a', 'b'])
  const child = await holder(t, directory, 'a')
  const outcome = await prune(directory)
  assert.deepEqual(titles(outcome), ['COPY b /'])
  assert.deepEqual(
    outcome.inUse.map(({ title }) => title),
    ['COPY a /'],
  )
  child.stdin?.write('go\n')
  assert.equal(String((await once(child.stdout as NodeJS.ReadableStream, 'data'))[0]), 'read true\n')
  await once(child, 'exit')
  assert.deepEqual(titles(await prune(directory)), ['COPY a /'])
})

test('what a killed process has pinned goes, with its lease', async (t) => {
  const directory = await filled(t, ['a'])
  const child = await holder(t, directory, 'a')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(readdirSync(join(directory, 'pins')).length, 1)
  assert.deepEqual(titles(await prune(directory)), ['COPY a /'])
  assert.deepEqual(readdirSync(join(directory, 'pins')), [])
})

test('a lease that nobody has touched for minutes is dead, wherever its owner was', async (t) => {
  const directory = temporaryDirectory(t)
  const pins = Pins.open(directory, silentLog)
  pins?.pin(digestOf('x'))
  t.after(() => pins?.close())
  const [file = ''] = readdirSync(join(directory, 'pins'))
  const { mtimeMs } = statSync(join(directory, 'pins', file))
  assert.equal(readLivePins(directory, mtimeMs + 299_000).has(digestOf('x')), true)
  assert.equal(readLivePins(directory, mtimeMs + 301_000).has(digestOf('x')), false)
  assert.equal(readLivePins(directory, mtimeMs - 9e9).has(digestOf('x')), true, 'a clock that was set back')
})

test('a lease is one file that goes at the end', async (t) => {
  const directory = temporaryDirectory(t)
  const pins = Pins.open(directory, silentLog)
  for (let i = 0; i < 1000; i++) pins?.pin(digestOf(String(i)))
  const live = readLivePins(directory, Date.now())
  assert.equal(live.processes, 1)
  assert.ok(live.has(digestOf('0')) && live.has(digestOf('999')) && !live.has(digestOf('1000')))
  pins?.close()
  assert.deepEqual(readdirSync(join(directory, 'pins')), [])
})

test('a process that cannot say what it uses uses everything', async (t) => {
  const directory = await filled(t, ['a'])
  const pins = Pins.open(directory, silentLog)
  t.after(() => pins?.close())
  const [file = ''] = readdirSync(join(directory, 'pins'))
  execFileSync('mv', [join(directory, 'pins', file), join(directory, 'pins', file.replace('.pin', '.all'))])
  assert.deepEqual(titles(await prune(directory)), [])
})

test('who has pinned a blob takes it back from the trash', async (t) => {
  const directory = await filled(t, ['a'])
  const pins = Pins.open(directory, silentLog)
  t.after(() => pins?.close())
  const store = BlobStore.open(directory, { readOnly: false, pins })
  const { descriptor } = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  assert.equal(moveToTrash(directory, descriptor.digest), true)
  assert.equal(openStore(directory).has(descriptor), false)
  assert.equal(store.has(descriptor), true)
  moveToTrash(directory, descriptor.digest)
  assert.equal((await store.read(descriptor, 10_000)).byteLength, descriptor.size)
})

test('what a killed prune has put aside is taken back', async (t) => {
  const directory = await filled(t, ['a'])
  const { descriptor } = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  moveToTrash(directory, descriptor.digest)
  await prune(directory, { policyAt: () => ({}) })
  assert.equal(openStore(directory).has(descriptor), true)
})

test('two prunes at once take everything, and neither fails', async (t) => {
  const directory = await filled(t, ['a', 'b', 'c', 'd'])
  const [one, other] = await Promise.all([prune(directory), prune(directory)])
  assert.deepEqual([...titles(one), ...titles(other)].sort(), ['COPY a /', 'COPY b /', 'COPY c /', 'COPY d /'])
  assert.equal(blobsIn(directory), 0)
})

test('a dry run says the same and changes nothing', async (t) => {
  const directory = await filled(t, ['a', 'b'])
  const before = filesBelow(directory).map((path) => `${path} ${statSync(join(directory, path)).mtimeMs}`)
  const planned = await prune(directory, { dryRun: true })
  assert.deepEqual(
    filesBelow(directory).map((path) => `${path} ${statSync(join(directory, path)).mtimeMs}`),
    before,
  )
  const done = await prune(directory)
  assert.deepEqual([titles(planned), planned.blobs.length], [titles(done), done.blobs.length])
})

test('an entry of another version keeps its blobs and is not damaged', async (t) => {
  const directory = await filled(t, [])
  const { digest } = await openStore(directory).writeBytes(Buffer.from('of tomorrow'))
  await filledBeside(directory)
  const path = join(directory, 'entries', `${'1'.repeat(64)}.json`)
  writeFileSync(path, JSON.stringify({ version: 2, layer: { sum: digest } }))
  await prune(directory)
  assert.equal(blobsIn(directory), 1)
  assert.deepEqual((await verifyCache(directory, { damaged: 'quarantine' })).damaged, [])
})

async function filledBeside(directory: string): Promise<void> {
  const { log } = keptLog()
  const store = openStore(directory)
  const cache = localLayerCache({ directory, store, ttlMs: hour, readOnly: false, log, now: () => sampleTime })
  await cache.store(sampleEntry('beside'), await sampleLayer(store, 'beside'))
}

test('damaged blobs and entries go to quarantine, and the items that needed them are named', async (t) => {
  const directory = await filled(t, ['a', 'b', 'c'])
  const { descriptor } = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  const entry = join(directory, 'entries', `${sampleKey('b')}.json`)
  flipBit(openStore(directory).pathOf(descriptor.digest))
  writeFileSync(entry, readFileSync(entry, 'utf8').replace('COPY b', 'COPY x'))
  const kept = await verifyCache(directory, { damaged: 'keep' })
  const { damaged, misses } = await verifyCache(directory, { damaged: 'quarantine' })
  assert.deepEqual(kept.damaged, damaged)
  assert.deepEqual(damaged.map(({ path }) => path).sort(), [
    `blobs/sha256/${descriptor.digest.slice(7)}`,
    `entries/${sampleKey('b')}.json`,
  ])
  assert.deepEqual(
    misses.map(({ title }) => title),
    ['COPY a /'],
  )
  assert.equal(readdirSync(join(directory, 'quarantine')).length, 2)
  assert.deepEqual((await verifyCache(directory, { damaged: 'quarantine' })).damaged, [])
})

test('what is counted is what du counts, and what lies in blobs/', async (t) => {
  const directory = await filled(t, ['a', 'b'])
  await openStore(directory).writeBytes(Buffer.from('nobody wants this'))
  const du = Number(execFileSync('du', ['-s', '-B1', directory], { encoding: 'utf8' }).split('\t')[0])
  assert.equal(await allocatedBelow(directory), du)
  const { kinds, unreferenced } = usageOf(await takeInventory(directory))
  assert.deepEqual(unreferenced, { count: 1, size: 17 })
  const files = filesBelow(directory).filter((path) => /^(?:entries|blobs)\//.test(path))
  const bytes = files.reduce((sum, path) => sum + statSync(join(directory, path)).size, 0)
  assert.equal(kinds[0]?.own, bytes - 17)
})

test('a directory is kept within its limits, and looked at only when something has changed', async (t) => {
  const directory = await filled(t, ['a', 'b', 'c'])
  const { log, lines } = keptLog()
  const { signal } = new AbortController()
  const within = (maxSize: number): Promise<void> => keepWithin(directory, { maxSize, ttlMs: 1 }, { log, signal })
  const entry = join(directory, 'entries', `${sampleKey('b')}.json`)
  await within(1e6)
  assert.deepEqual(lines, [])
  utimesSync(entry, new Date(Date.now() - 2 * hour), new Date(Date.now() - 2 * hour))
  await openStore(directory).writeBytes(Buffer.from('something new'))
  await within(14_000)
  assert.match(lines.join('\n'), /^INFO.* was pruned: 1 item and 2 blobs, /)
  assert.equal(lines.length, 1)
  assert.deepEqual((await takeInventory(directory)).items.map(({ title }) => title).sort(), ['COPY a /', 'COPY c /'])
})

test('layers go that nobody has used for the time to live, but for a day at least', async (t) => {
  const directory = await filled(t, ['day', 'week'])
  const age = (name: string, hours: number): void => {
    const time = new Date(Date.now() - hours * hour)
    utimesSync(join(directory, 'entries', `${sampleKey(name)}.json`), time, time)
  }
  age('day', 20)
  age('week', 200)
  // What the index says of last uses would be younger.
  execFileSync('rm', ['-r', join(directory, 'index')])
  const { signal } = new AbortController()
  await keepWithin(directory, { maxSize: undefined, ttlMs: hour }, { log: silentLog, signal })
  assert.deepEqual(
    (await takeInventory(directory)).items.map(({ title }) => title),
    ['COPY day /'],
  )
})
