import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingTests, referenceOptions } from './options.ts'
import { readme } from './readme.ts'

test('the README lists the cases there are; UPDATE_README=1 writes it', () => {
  const path = join(import.meta.dirname, 'README.md')
  if (process.env.UPDATE_README === '1') writeFileSync(path, readme())
  assert.equal(readFileSync(path, 'utf8'), readme())
})

for (const option of referenceOptions) {
  test(`${option.option} has tests that use it`, () => {
    assert.ok(option.tests.length > 0)
    assert.deepEqual(missingTests(option), [])
  })
}
