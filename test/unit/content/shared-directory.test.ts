import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { OciLayout } from '../../../src/content/oci-layout.ts'
import {
  childProgram,
  damagedBlobs,
  filesBelow,
  outputOf,
  startNode,
  temporaryDirectory,
  withPrivateMounts,
} from './support.ts'

test('eight processes that write the same blobs at once all succeed and keep one copy of each', async (t) => {
  const directory = temporaryDirectory(t)
  const program = childProgram(import.meta.url, 'write-blobs.ts')
  const children = Array.from({ length: 8 }, () => startNode(program, [directory, '12']))
  const outputs = await Promise.all(children.map(outputOf))
  assert.equal(new Set(outputs).size, 1)
  const digests = outputs[0]?.trim().split('\n') ?? []
  assert.equal(digests.length, 12)
  assert.deepEqual(filesBelow(directory), digests.map((digest) => `blobs/sha256/${digest.slice(7)}`).sort())
  assert.deepEqual(damagedBlobs(directory), [])
})

test('eight processes that add images to one layout at once lose none of them', async (t) => {
  const directory = temporaryDirectory(t)
  const program = childProgram(import.meta.url, 'add-images.ts')
  const children = Array.from({ length: 8 }, (_, i) => startNode(program, [directory, `p${i}`, '6']))
  await Promise.all(children.map(outputOf))
  const layout = await OciLayout.open(directory, { readOnly: true })
  const images = await layout.images()
  assert.equal(new Set(images.map(({ name }) => name)).size, 48)
  assert.ok(images.every(({ descriptor }) => layout.blobs.has(descriptor)))
  assert.equal(filesBelow(directory).filter((file) => file.includes('lock')).length, 0)
})

test('writers killed at any moment leave no damaged blob, no broken index, and no lock that stops the next', async (t) => {
  const directory = temporaryDirectory(t)
  const program = childProgram(import.meta.url, 'write-forever.ts')
  const acknowledged: string[] = []
  for (let round = 0; round < 6; round++) {
    const child = startNode(program, [directory, `round${round}`])
    child.stdout?.on('data', (chunk) => acknowledged.push(...String(chunk).trim().split('\n')))
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    await sleep(round * 17)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
  }
  assert.deepEqual(damagedBlobs(directory), [])
  const layout = await OciLayout.open(directory, { readOnly: false })
  const images = await layout.images()
  const listed = new Set<string>(images.map(({ descriptor }) => descriptor.digest))
  assert.ok(acknowledged.length >= 6)
  assert.deepEqual(
    acknowledged.filter((digest) => !listed.has(digest)),
    [],
  )
  assert.ok(images.every(({ descriptor }) => layout.blobs.has(descriptor)))
  const before = performance.now()
  await layout.add({ descriptor: images[0]!.descriptor, name: 'after' })
  assert.ok(performance.now() - before < 5000)
  assert.equal((await layout.images()).filter(({ name }) => name === 'after').length, 1)
})

test('a full disk is one clear error that names the directory, and leaves no partial file', (t) => {
  const directory = temporaryDirectory(t)
  const program = childProgram(import.meta.url, 'overfill.ts')
  const script = 'mount -t tmpfs -o size=1m hearth-test "$1"; exec "$2" "$3" "$1"'
  const result = JSON.parse(withPrivateMounts(script, [directory, process.execPath, program]))
  assert.equal(result.told.length, 2)
  for (const { code, where, message } of result.told) {
    assert.deepEqual([code, where, message], ['disk-full', directory, 'No space left on the device'])
  }
  assert.equal(result.files.length, 1)
  assert.equal(result.kept, true)
  assert.throws(() => readFileSync(join(directory, 'blobs')), /ENOENT/)
})
