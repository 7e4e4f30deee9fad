import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readEntry } from '../../../cache/entry-file.ts'
import { canonicalInputs } from '../../../cache/key.ts'
import { LayerIndex } from '../../../cache/layer-index.ts'
import { type LocalLayerCache, localLayerCache } from '../../../cache/local.ts'
import {
  childProgram,
  damagedBlobs,
  filesBelow,
  flipBit,
  outputOf,
  startNode,
  temporaryDirectory,
  withPrivateMounts,
} from '../content/support.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleRecord, sampleTime } from './samples.ts'

function openCache(directory: string, kept = keptLog()): LocalLayerCache {
  const store = openStore(directory)
  return localLayerCache({ directory, store, ttlMs: hour, readOnly: false, log: kept.log, now: () => sampleTime })
}

/** A cache directory that holds the named layers. */
async function filled(t: TestContext, names: readonly string[]): Promise<string> {
  const directory = temporaryDirectory(t)
  const cache = openCache(directory)
  for (const name of names) await cache.store(sampleEntry(name), await sampleLayer(openStore(directory), name))
  await cache.close()
  return directory
}

function historyOf(directory: string): readonly string[] {
  const index = LayerIndex.open(directory, keptLog().log)
  try {
    return (index?.layers() ?? []).map(({ text, hits, size }) => `${text} ${hits} ${size > 0}`).sort()
  } finally {
    index?.close()
  }
}

test('a layer of another store is copied into the cache, and one of its own is not written twice', async (t) => {
  const directory = temporaryDirectory(t)
  const cache = openCache(directory)
  const [near, far] = [
    await sampleLayer(openStore(directory), 'a'),
    await sampleLayer(openStore(temporaryDirectory(t)), 'b'),
  ]
  const before = statSync(openStore(directory).pathOf(near.descriptor.digest)).ino
  await cache.store(sampleEntry('a'), near)
  await cache.store(sampleEntry('b'), far)
  assert.equal(statSync(openStore(directory).pathOf(near.descriptor.digest)).ino, before)
  assert.ok(openStore(directory).has(far.descriptor))
  const hit = await cache.lookup(sampleKey('b'))
  assert.equal(hit?.layer.kind === 'stored' && hit.layer.store.directory, directory)
})

test('the inputs of a layer can be read again by the digest in its record', async (t) => {
  const directory = await filled(t, ['a'])
  const entry = await readEntry(directory, sampleKey('a'))
  const { inputs = [] } = sampleRecord('a')
  const text = canonicalInputs(inputs)
  const bytes = await openStore(directory).read(
    { digest: entry!.record.inputs!, size: Buffer.byteLength(text) },
    10_000,
  )
  assert.equal(Buffer.from(bytes).toString(), text)
})

test('the history tells what was stored and how often it was used', async (t) => {
  const directory = await filled(t, ['a', 'b'])
  const cache = openCache(directory)
  for (let i = 0; i < 3; i++) await cache.lookup(sampleKey('b'))
  await cache.close()
  assert.deepEqual(historyOf(directory), ['COPY a / 0 true', 'COPY b / 3 true'])
})

test('deleting the index changes nothing but the history of use', async (t) => {
  const directory = await filled(t, ['a', 'b'])
  rmSync(join(directory, 'index'), { recursive: true })
  const cache = openCache(directory)
  assert.ok(await cache.lookup(sampleKey('a')))
  await cache.close()
  assert.deepEqual(historyOf(directory), ['COPY a / 1 true', 'COPY b / 0 true'])
})

test('a row without its file is neither served nor kept, and a file without its row is both', async (t) => {
  const directory = await filled(t, ['a', 'b'])
  rmSync(join(directory, 'entries', `${sampleKey('a')}.json`))
  const cache = openCache(directory)
  assert.equal(await cache.lookup(sampleKey('a')), undefined)
  assert.ok(await cache.lookup(sampleKey('b')))
  await cache.close()
  assert.deepEqual(historyOf(directory), ['COPY b / 1 true'])
})

test('an entry whose blob is missing or of another size is a miss, and storing heals it', async (t) => {
  const directory = await filled(t, ['a'])
  const layer = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  const path = openStore(directory).pathOf(layer.descriptor.digest)
  for (const spoil of [() => truncateSync(path, 3), () => rmSync(path)]) {
    chmodSync(path, 0o644)
    spoil()
    const cache = openCache(directory)
    assert.equal(await cache.lookup(sampleKey('a')), undefined)
    await cache.store(sampleEntry('a'), layer)
    assert.ok(await cache.lookup(sampleKey('a')))
  }
})

test('a damaged layer is a miss where layers are checked, and storing it heals it', async (t) => {
  const directory = await filled(t, ['a'])
  const layer = await sampleLayer(openStore(temporaryDirectory(t)), 'a')
  flipBit(openStore(directory).pathOf(layer.descriptor.digest))
  assert.ok(await openCache(directory).lookup(sampleKey('a')), 'a build that reads no layer does not mind')
  const { log, warnings } = keptLog()
  const around = { directory, store: openStore(directory), ttlMs: hour, readOnly: false, log, now: () => sampleTime }
  const cache = localLayerCache({ ...around, checkLayers: true })
  assert.equal(await cache.lookup(sampleKey('a')), undefined)
  await cache.store(sampleEntry('a'), layer)
  assert.ok(await cache.lookup(sampleKey('a')))
  assert.deepEqual(damagedBlobs(directory), [])
  assert.deepEqual(warnings(), [])
})

test('of two builds that make the same layer at once one is first, and the other is given that one', async (t) => {
  const directory = temporaryDirectory(t)
  for (const name of ['one after the other', 'at once']) {
    const layers = await Promise.all([1, 2].map((i) => sampleLayer(openStore(directory), `${name} ${i}`)))
    const stores = layers.map((layer) => () => openCache(directory).store(sampleEntry(name), layer))
    const given =
      name === 'at once'
        ? await Promise.all(stores.map((store) => store()))
        : [await stores[0]?.(), await stores[1]?.()]
    const first = given.indexOf(undefined)
    const kept = layers[first]?.descriptor
    assert.deepEqual(given[1 - first]?.layer.descriptor, kept, name)
    assert.deepEqual((await openCache(directory).lookup(sampleKey(name)))?.layer.descriptor, kept, name)
  }
})

test('what is there does not stay when it was made on other layers, is too old, or is damaged', async (t) => {
  const directory = temporaryDirectory(t)
  const [old, young] = [
    await sampleLayer(openStore(directory), 'old'),
    await sampleLayer(openStore(directory), 'young'),
  ]
  const past = new Date(sampleTime.getTime() - 2 * hour)
  const spoil = (): void => flipBit(openStore(directory).pathOf(old.descriptor.digest))
  for (const [entry, after] of [
    [{ ...sampleEntry('a'), madeOn: 'others' }, () => {}],
    [{ ...sampleEntry('b'), created: past }, () => {}],
    [sampleEntry('c'), spoil],
  ] as const) {
    await openCache(directory).store(entry, old)
    after()
    const own = { ...entry, madeOn: sampleEntry('a').madeOn, created: sampleTime }
    assert.equal(await openCache(directory).store(own, young), undefined)
    assert.deepEqual((await openCache(directory).lookup(entry.key))?.layer.descriptor, young.descriptor)
  }
})

test('a damaged entry is one warning however many there are, and is replaced by the next store', async (t) => {
  const directory = await filled(t, ['a', 'b', 'c'])
  for (const name of readdirSync(join(directory, 'entries'))) writeFileSync(join(directory, 'entries', name), '{}')
  const kept = keptLog()
  const cache = openCache(directory, kept)
  for (const name of ['a', 'b', 'c']) assert.equal(await cache.lookup(sampleKey(name)), undefined)
  assert.equal(kept.warnings().length, 1)
  assert.match(kept.warnings()[0] ?? '', /counts as a miss.*entries\/[0-9a-f]{64}\.json/)
  await cache.store(sampleEntry('a'), await sampleLayer(openStore(directory), 'a'))
  assert.ok(await cache.lookup(sampleKey('a')))
  await cache.close()
})

test('a remembered layer becomes a hit when its blob arrives', async (t) => {
  const elsewhere = await filled(t, ['a'])
  const found = await openCache(elsewhere).lookup(sampleKey('a'))
  const directory = temporaryDirectory(t)
  const kept = keptLog()
  const cache = openCache(directory, kept)
  await cache.remember(found!)
  assert.equal(await cache.lookup(sampleKey('a')), undefined)
  await sampleLayer(openStore(directory), 'a')
  assert.deepEqual((await cache.lookup(sampleKey('a')))?.layer.descriptor, found?.layer.descriptor)
  assert.deepEqual(kept.warnings(), [])
})

test('half-written entries of killed writers are invisible, and removed after a day', async (t) => {
  const directory = await filled(t, ['a'])
  const left = join(directory, 'entries', `.${'a'.repeat(24)}.tmp`)
  writeFileSync(left, '{')
  const kept = keptLog()
  await openCache(directory, kept).close()
  assert.ok(existsSync(left))
  const long = Date.now() / 1000 - 25 * 3600
  utimesSync(left, long, long)
  const cache = openCache(directory, kept)
  assert.ok(await cache.lookup(sampleKey('a')))
  assert.equal(existsSync(left), false)
  assert.deepEqual(kept.warnings(), [])
})

test('a build that neither used nor stored anything does not touch SQLite', async (t) => {
  const directory = temporaryDirectory(t)
  const cache = openCache(directory)
  await cache.lookup(sampleKey('a'))
  await cache.close()
  assert.equal(existsSync(join(directory, 'index')), false)
})

test('eight processes that store and look up the same layers at once all succeed, quietly', async (t) => {
  const directory = temporaryDirectory(t)
  const program = childProgram(import.meta.url, 'store-layers.ts')
  const outputs = await Promise.all(Array.from({ length: 8 }, () => outputOf(startNode(program, [directory, '8']))))
  assert.deepEqual(
    outputs,
    Array.from({ length: 8 }, () => ''),
  )
  assert.equal(historyOf(directory).length, 8)
  assert.deepEqual(damagedBlobs(directory), [])
})

test('a cache whose writer was killed at any moment serves every layer it acknowledged', async (t) => {
  const directory = temporaryDirectory(t)
  const program = childProgram(import.meta.url, 'store-forever.ts')
  const acknowledged: string[] = []
  for (let round = 0; round < 5; round++) {
    const child = startNode(program, [directory, `round${round}`])
    child.stdout?.on('data', (chunk) => acknowledged.push(...String(chunk).trim().split('\n')))
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    await sleep(round * 13)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
  }
  assert.deepEqual(damagedBlobs(directory), [])
  const kept = keptLog()
  const cache = openCache(directory, kept)
  for (const name of acknowledged) assert.ok(await cache.lookup(sampleKey(name)), name)
  await cache.close()
  assert.deepEqual(kept.warnings(), [])
  assert.ok(historyOf(directory).length >= acknowledged.length)
})

test('a read-only cache directory is used, with one notice and no write', async (t) => {
  const directory = await filled(t, ['a'])
  const before = filesBelow(directory)
  const program = childProgram(import.meta.url, 'restricted-directory.ts')
  const script = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; exec "$2" "$3" "$1" "$4"'
  const result = JSON.parse(withPrivateMounts(script, [directory, process.execPath, program, temporaryDirectory(t)]))
  assert.deepEqual([result.access, result.warm], ['read-only', null])
  assert.equal(result.found, (await readEntry(directory, sampleKey('a')))?.layer.digest)
  assert.equal(result.lines.length, 1, result.lines.join('\n'))
  assert.match(result.lines[0], /^INFO .* is read-only/)
  assert.deepEqual(filesBelow(directory), before)
})

test('a full cache disk is one warning, and what was there is still served', async (t) => {
  const source = await filled(t, ['a'])
  const directory = temporaryDirectory(t)
  const program = childProgram(import.meta.url, 'restricted-directory.ts')
  const script =
    'mount -t tmpfs -o size=256k hearth-test "$2"; cp -a "$1/." "$2"; dd if=/dev/zero of="$2/fill" 2>/dev/null || true; exec "$3" "$4" "$2" "$5"'
  const args = [source, directory, process.execPath, program, temporaryDirectory(t)]
  const result = JSON.parse(withPrivateMounts(script, args))
  const warnings = result.lines.filter((line: string) => line.startsWith('WARN'))
  assert.equal(result.access, 'writable')
  assert.equal(result.found, (await readEntry(source, sampleKey('a')))?.layer.digest)
  assert.equal(warnings.length, 1, result.lines.join('\n'))
  assert.match(warnings[0], /build goes on.*No space left/)
  assert.ok(warnings[0].includes(directory))
})
