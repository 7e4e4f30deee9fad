import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { clearRoot } from '../../../src/rootfs/clear-root.ts'
import { ignoredPaths } from '../../../src/rootfs/ignored-paths.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { onMachine } from './machine.ts'

const program = join(import.meta.dirname, 'children/clear-in-place.ts')

const scenes: Readonly<Record<string, string>> = {
  clears: 'everything goes but what is ignored and the way there, as often as one likes',
  plain: 'the root and the directories that stay get what new ones have',
  unannounced: 'a mount that nobody has named stops the clearing before it is touched',
  deep: 'what is ignored deep down stays, and what is as deep beside it goes',
}

for (const [scene, what] of Object.entries(scenes)) {
  test(what, async (t) => {
    await onMachine(t, program, scene)
  })
}

test('a root without anything ignored is emptied and stays; what its symlinks point to does, too', async (t) => {
  const base = temporaryDirectory(t)
  for (const path of ['root/a/b', 'kept']) mkdirSync(join(base, path), { recursive: true })
  writeFileSync(join(base, 'kept/file'), 'kept')
  symlinkSync('../kept', join(base, 'root/link'))
  symlinkSync('../../kept', join(base, 'root/a/link'))
  await clearRoot(join(base, 'root'), ignoredPaths([]))
  assert.deepEqual(readdirSync(join(base, 'root')), [])
  assert.equal(readFileSync(join(base, 'kept/file'), 'utf8'), 'kept')
})

test('a root that is ignored altogether stays as it is', async (t) => {
  const root = temporaryDirectory(t)
  mkdirSync(join(root, 'a/b'), { recursive: true })
  await clearRoot(root, ignoredPaths([rawPath('')]))
  assert.deepEqual(readdirSync(join(root, 'a')), ['b'])
})
