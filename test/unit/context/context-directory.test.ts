import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { contextDirectory } from '../../../src/context/context-directory.ts'
import { HearthError } from '../../../src/errors.ts'
import { temporaryDirectory } from '../../support/temp.ts'

test('a context is a directory: absolute, relative to here, or after dir://', (t) => {
  const cwd = temporaryDirectory(t)
  const directory = join(cwd, 'work space')
  mkdirSync(directory)
  for (const context of [
    'work space',
    './work space/',
    directory,
    'dir://work space',
    `dir://${directory}`,
    `DIR://${directory}`,
  ]) {
    assert.equal(contextDirectory({ context, cwd }), directory, context)
  }
  assert.equal(contextDirectory({ context: '.', cwd }), cwd)
  assert.equal(contextDirectory({ context: 'dir://', cwd }), cwd)
})

test('a context may be reached through a symlink', (t) => {
  const cwd = temporaryDirectory(t)
  mkdirSync(join(cwd, 'real'))
  symlinkSync('real', join(cwd, 'link'))
  assert.equal(contextDirectory({ context: 'link', cwd }), join(cwd, 'link'))
})

test('a colon in a path is no scheme', (t) => {
  const cwd = temporaryDirectory(t)
  mkdirSync(join(cwd, 'tar:dir'))
  assert.equal(contextDirectory({ context: 'tar:dir', cwd }), join(cwd, 'tar:dir'))
})

for (const [context, why] of [
  ['absent', /nothing of that name/],
  ['dir://absent', /nothing of that name/],
  ['file', /not a directory/],
  ['file/below', /nothing of that name/],
  ['loop', /nothing of that name/],
  ['n'.repeat(300), /nothing of that name/],
] as const) {
  test(`the context ${context.slice(0, 20)} cannot be used, and the error says why`, (t) => {
    const cwd = temporaryDirectory(t)
    writeFileSync(join(cwd, 'file'), '')
    symlinkSync('loop', join(cwd, 'loop'))
    assert.throws(
      () => contextDirectory({ context, cwd }),
      (error) => error instanceof HearthError && error.code === 'context-missing' && why.test(error.why ?? ''),
    )
  })
}

for (const context of ['tar://a.tar.gz', 'git://host/repo#main', 's3://bucket/key', 'https://host/a.tar.gz']) {
  test(`the context ${context} is refused as not supported yet`, () => {
    assert.throws(
      () => contextDirectory({ context, cwd: '/' }),
      (error) =>
        error instanceof HearthError && error.code === 'context-unsupported' && error.where === `--context ${context}`,
    )
  })
}
