import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { build } from '../support/hearth.ts'
import { readImage } from '../support/image-tree.ts'
import { temporaryDirectory } from '../support/temp.ts'

const directory = temporaryDirectory({ after })

test('a build whose work directory, cache and outputs lie in its context copies none of them', async () => {
  const context = makeContext(directory, { Dockerfile: 'FROM scratch\nCOPY . /\n', file: 'x' })
  mkdirSync(join(context, 'tmp'))
  const args = ['-c', '.', '--no-push', '--cache', '--cache-dir=cache', '--oci-layout-path=out', '--tar-path=image.tar']
  const options = { cwd: context, env: { TMPDIR: join(context, 'tmp') } }
  for (let i = 0; i < 2; i++) {
    const { stderr } = await build(args, options)
    for (const own of [
      'work directory tmp/hearth-\\w+',
      'cache directory cache',
      'image layout out',
      'archive image.tar',
    ]) {
      assert.equal(
        stderr.match(new RegExp(`The ${own} is in the context: nothing of it is copied`, 'g'))?.length,
        1,
        own,
      )
    }
    const { tree } = await readImage(`oci:${join(context, 'out')}`, directory)
    assert.deepEqual([...tree.keys()].filter((path) => path !== '').sort(), ['Dockerfile', 'file', 'tmp'])
  }
})

test('what the ignore file keeps out needs no warning', async () => {
  const files = { Dockerfile: 'FROM scratch\nCOPY . /\n', '.dockerignore': 'cache\n' }
  const context = makeContext(directory, files)
  const { stderr } = await build(['-c', '.', '--no-push', '--cache', '--cache-dir=cache'], { cwd: context })
  assert.doesNotMatch(stderr, /is in the context/)
})
