import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createFileAtomically, writeFileAtomically } from '../../../src/content/atomic-file.ts'
import { HearthError } from '../../../src/errors.ts'
import { filesBelow, noise, temporaryDirectory } from './support.ts'

test('a file is written whole and replaced whole', async (t) => {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'file.json')
  await writeFileAtomically(path, Buffer.from('one'))
  await writeFileAtomically(path, Buffer.from('two'))
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.deepEqual(filesBelow(directory), ['file.json'])
})

test('of many writers who create a file one is first, and its content stays', async (t) => {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'file.json')
  const outcomes = await Promise.all(
    ['0', '1', '2', '3', '4', '5', '6', '7'].map((text) => createFileAtomically(path, Buffer.from(text))),
  )
  assert.deepEqual(outcomes.filter(Boolean), [true])
  assert.equal(readFileSync(path, 'utf8'), String(outcomes.indexOf(true)))
  assert.deepEqual(filesBelow(directory), ['file.json'])
})

test('a reader only ever sees one whole version while a file is being replaced', async (t) => {
  const path = join(temporaryDirectory(t), 'file')
  const versions = [noise('a', 200_000), noise('b', 300_000)] as const
  writeFileSync(path, versions[0])
  let done = false
  const writing = (async () => {
    for (let i = 0; i < 40; i++) await writeFileAtomically(path, versions[i % 2] as Uint8Array)
    done = true
  })()
  let reads = 0
  while (!done) {
    const seen = readFileSync(path)
    assert.ok(versions.some((version) => version.equals(seen)))
    reads++
    await new Promise((resolve) => setImmediate(resolve))
  }
  await writing
  assert.ok(reads > 10, `only ${reads} reads`)
})

test('a failure names the directory and leaves no temporary file', async (t) => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'taken'))
  await assert.rejects(writeFileAtomically(join(directory, 'taken'), Buffer.from('x')), (error) => {
    return error instanceof HearthError && error.where === directory
  })
  assert.deepEqual(filesBelow(directory), [])
})

test('a missing directory is an error, not created', async (t) => {
  const directory = join(temporaryDirectory(t), 'absent')
  await assert.rejects(writeFileAtomically(join(directory, 'file'), Buffer.from('x')), HearthError)
})
