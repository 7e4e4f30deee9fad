import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openContext } from '../../../src/context/open-context.ts'
import { selectSources } from '../../../src/context/select.ts'
import { contextTree } from '../../../src/context/source-tree.ts'
import { HearthError } from '../../../src/errors.ts'
import { entriesOf } from '../../../src/rootfs/selected-source.ts'
import { makeContext } from '../../support/context.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const files = {
  a: 'a',
  'work/w': 'w',
  'cache/blobs/b': 'b',
  'cached/c': 'c',
  'out/image.tar': 't',
  'out/o': 'o',
} as const

test('what the build writes below its context is no part of it', async (t) => {
  const top = temporaryDirectory(t)
  const directory = makeContext(top, files)
  symlinkSync(join(directory, 'cache'), join(top, 'link'))
  const own = [
    { title: 'The work directory', path: join(directory, 'work') },
    { title: 'The cache directory', path: join(top, 'link') },
    { title: 'The archive', path: join(directory, 'out/image.tar') },
    { title: 'The image layout', path: join(directory, 'not/yet/there') },
    { title: 'The cache repository', path: join(top, 'elsewhere') },
  ]
  const context = await openContext({ context: directory, cwd: '/', own })
  assert.deepEqual(
    context.own.map(({ path }) => path),
    ['work', 'cache', 'out/image.tar', 'not/yet/there'],
  )
  mkdirSync(join(directory, 'not/yet/there'), { recursive: true })
  writeFileSync(join(directory, 'not/yet/there/index.json'), '{}')
  const [source] = selectSources(contextTree(context), ['.'])
  assert.ok(source !== undefined)
  assert.deepEqual(
    [...entriesOf(source)].map(({ path }) => path).filter((path) => path !== ''),
    ['a', 'cached', 'cached/c', 'not', 'not/yet', 'out', 'out/o'],
  )
  assert.deepEqual(
    selectSources(contextTree(context), ['c*']).map(({ path }) => path),
    ['cached'],
  )
})

test('naming such a path is an error that says why', async (t) => {
  const directory = makeContext(temporaryDirectory(t), files)
  const own = [{ title: 'The cache directory', path: join(directory, 'cache') }]
  const tree = contextTree(await openContext({ context: directory, cwd: '/', own }))
  for (const source of ['cache', 'cache/blobs/b']) {
    assert.throws(() => selectSources(tree, [source]), /is what this build writes, and cannot be copied/)
  }
})

test('a context cannot be what the build writes', async (t) => {
  const directory = makeContext(temporaryDirectory(t), files)
  const own = [{ title: 'The cache directory', path: `${directory}/cache/..` }]
  await assert.rejects(openContext({ context: directory, cwd: '/', own }), (error) => {
    return (
      error instanceof HearthError && error.message === `The cache directory is the build context itself: ${directory}`
    )
  })
})
