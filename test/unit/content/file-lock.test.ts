import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { withFileLock } from '../../../src/content/file-lock.ts'
import { HearthError } from '../../../src/errors.ts'
import { temporaryDirectory } from './support.ts'

test('only one task at a time runs under a lock', async (t) => {
  const path = join(temporaryDirectory(t), 'lock')
  let inside = 0
  let most = 0
  const task = async (): Promise<void> => {
    inside += 1
    most = Math.max(most, inside)
    await sleep(3)
    inside -= 1
  }
  await Promise.all(Array.from({ length: 10 }, () => withFileLock(path, task)))
  assert.equal(most, 1)
  assert.equal(existsSync(path), false)
})

test('a failing task frees the lock', async (t) => {
  const path = join(temporaryDirectory(t), 'lock')
  await assert.rejects(
    withFileLock(path, () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(await withFileLock(path, async () => 7), 7)
})

test('the lock of a process that died here is taken over at once', async (t) => {
  const path = join(temporaryDirectory(t), 'lock')
  const mine = await withFileLock(path, async () => readFileSync(path, 'latin1'))
  // Above the largest process id the kernel gives out.
  writeFileSync(path, mine.replace(/ [0-9]+ /, ' 4194305 '))
  const before = performance.now()
  assert.equal(await withFileLock(path, async () => 7, { staleMs: 60_000 }), 7)
  assert.ok(performance.now() - before < 2000)
})

test('a lock from elsewhere is respected until it has stood still for long enough', async (t) => {
  const path = join(temporaryDirectory(t), 'lock')
  writeFileSync(path, 'another-boot pid:[1] 4194305 abc\n')
  const before = performance.now()
  assert.equal(await withFileLock(path, async () => 7, { staleMs: 300 }), 7)
  assert.ok(performance.now() - before >= 300)
})

test('a task whose lock was taken away runs again', async (t) => {
  const path = join(temporaryDirectory(t), 'lock')
  let runs = 0
  await withFileLock(
    path,
    async () => {
      runs += 1
      if (runs === 1) writeFileSync(path, 'somebody else\n')
    },
    { staleMs: 100 },
  )
  assert.equal(runs, 2)
})

test('waiting ends with an error that names the lock', async (t) => {
  const path = join(temporaryDirectory(t), 'lock')
  writeFileSync(path, 'another-boot pid:[1] 1 abc\n')
  await assert.rejects(
    withFileLock(path, async () => 7, { patienceMs: 100 }),
    (error) => error instanceof HearthError && error.where === path,
  )
  assert.ok(existsSync(path))
})

test('waiting ends with an abort', async (t) => {
  const path = join(temporaryDirectory(t), 'lock')
  writeFileSync(path, 'another-boot pid:[1] 1 abc\n')
  await assert.rejects(
    withFileLock(path, async () => 7, { signal: AbortSignal.timeout(50) }),
    { name: 'TimeoutError' },
  )
})
