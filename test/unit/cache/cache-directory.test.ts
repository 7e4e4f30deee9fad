import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cacheAccess } from '../../../cache/cache-directory.ts'
import { HearthError } from '../../../src/errors.ts'
import { filesBelow, temporaryDirectory } from '../content/support.ts'

test('a missing cache directory is made, and trying leaves nothing behind', (t) => {
  const directory = join(temporaryDirectory(t), 'a', 'b')
  assert.equal(cacheAccess(directory), 'writable')
  assert.ok(statSync(directory).isDirectory())
  assert.deepEqual(filesBelow(directory), [])
})

test('where nothing can be made there is no cache', () => {
  for (const path of ['/sys/hearth-test', '/proc/hearth-test']) assert.equal(cacheAccess(path), 'none')
})

test('a path that is a file is one clear error', (t) => {
  const path = join(temporaryDirectory(t), 'file')
  writeFileSync(path, '')
  for (const directory of [path, join(path, 'below')]) {
    assert.throws(
      () => cacheAccess(directory),
      (error) => {
        return error instanceof HearthError && error.code === 'cache-unusable' && error.where === directory
      },
    )
  }
})
