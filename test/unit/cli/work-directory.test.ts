import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { withWorkDirectory } from '../../../src/cli/work-directory.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { keptLog } from '../cache/samples.ts'
import { refusal } from './refusal.ts'

test('a task has a new directory of its own, which is gone afterwards with all that is in it', async (t) => {
  const parent = join(temporaryDirectory(t), 'made/for/it')
  const { log } = keptLog()
  const seen = await withWorkDirectory({ parent, log }, async (directory) => {
    assert.deepEqual(readdirSync(directory), ['owner'])
    mkdirSync(join(directory, 'a/b'), { recursive: true })
    writeFileSync(join(directory, 'a/b/c'), 'x')
    return directory
  })
  assert.deepEqual([existsSync(seen), readdirSync(parent)], [false, []])
})

test('a task that fails leaves nothing either, and its error is the one that counts', async (t) => {
  const parent = temporaryDirectory(t)
  const task = async (directory: string): Promise<void> => {
    writeFileSync(join(directory, 'left'), '')
    throw new Error('no luck')
  }
  await assert.rejects(withWorkDirectory({ parent, log: keptLog().log }, task), /no luck/)
  assert.deepEqual(readdirSync(parent), [])
})

test('tasks side by side do not share a directory', async (t) => {
  const parent = temporaryDirectory(t)
  const { log } = keptLog()
  const tasks = [1, 2, 3].map(() => withWorkDirectory({ parent, log }, async (directory) => directory))
  assert.equal(new Set(await Promise.all(tasks)).size, 3)
})

test('a place where no directory can be made is named', async (t) => {
  const parent = join(temporaryDirectory(t), 'file')
  writeFileSync(parent, '')
  const made = withWorkDirectory({ parent, log: keptLog().log }, async () => {})
  await assert.rejects(made, refusal('output-failed', new RegExp(parent)))
})
