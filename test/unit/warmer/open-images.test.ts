import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { openImages } from '../../../warmer/open-images.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { keptLog } from '../cache/samples.ts'

const options = { ttlMs: 1000, log: keptLog().log }

test('a directory that is missing is made', async (t) => {
  const directory = join(temporaryDirectory(t), 'a/b')
  assert.equal((await openImages(directory, options)).directory, directory)
  assert.equal((await openImages(directory, options)).store.readOnly, false)
})

for (const [what, spoil, says] of [
  ['whose place a file has', (path: string) => writeFileSync(path, ''), /ENOTDIR|EEXIST/],
  ['below a file', (path: string) => writeFileSync(dirname(path), ''), /ENOTDIR/],
  ['with a damaged index.json', (path: string) => writeIn(path, 'index.json', '{'), /index\.json/],
  [
    'of an unknown layout',
    (path: string) => writeIn(path, 'oci-layout', '{"imageLayoutVersion":"9"}'),
    /unknown version/,
  ],
] as const) {
  test(`a directory ${what} is refused with one clear error`, async (t) => {
    const place = placeOf(t, what)
    spoil(place)
    await assert.rejects(openImages(place, options), (error) => {
      assert.ok(error instanceof HearthError, String(error))
      assert.equal(error.code, 'cache-unusable')
      assert.ok(error.message.includes(place) && error.fix !== undefined)
      assert.match(`${error.where} ${error.why}`, says)
      return true
    })
  })
}

function placeOf(t: TestContext, what: string): string {
  return join(temporaryDirectory(t), what === 'below a file' ? 'taken/cache' : 'cache')
}

function writeIn(directory: string, name: string, text: string): void {
  mkdirSync(directory)
  writeFileSync(join(directory, name), text)
}
