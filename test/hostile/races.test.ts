import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HearthError, systemCode } from '../../src/errors.ts'
import { removeTree } from '../../src/rootfs/remove.ts'
import { canary } from './canary.ts'
import { member, tarOf } from './raw-tar.ts'

async function swapping(one: string, other: string): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'children/swap-forever.ts')
  const child = spawn(process.execPath, [script, one, other], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

test('a directory that is exchanged for a symlink all the time leads no file out of the root', async (t) => {
  const scene = canary(t)
  mkdirSync(join(scene.root, 'd'))
  symlinkSync(scene.victim, join(scene.root, 's'))
  const files = Array.from({ length: 100 }, (_, i) => [
    member({ name: `d/sub-${i}/`, type: '5', mode: 0o777, uid: 9 }),
    member({ name: `d/sub-${i}/f`, mode: 0o4755, uid: 9 }, 'pwn'),
    member({ name: `d/l-${i}`, type: '1', link: `d/sub-${i}/f` }),
    member({ name: `d/.wh.hello` }),
  ])
  const before = scene.outside()
  const child = await swapping(join(scene.root, 'd'), join(scene.root, 's'))
  try {
    for (let round = 0; round < 5; round += 1) {
      // An error is as good: something did change under the layer.
      await scene
        .apply(tarOf(...files.flat()))
        .catch((error: unknown) => assert.ok(error instanceof HearthError, String(error)))
    }
  } finally {
    await stop(child)
  }
  assert.deepEqual(scene.outside(), before)
})

test('a directory that is exchanged for a symlink all the time leads no removal out', async (t) => {
  const scene = canary(t)
  const before = scene.outside()
  for (let round = 0; round < 5; round += 1) {
    const tree = join(scene.root, `tree-${round}`)
    for (let i = 0; i < 100; i += 1) {
      mkdirSync(join(tree, `d/sub-${i}`), { recursive: true })
      writeFileSync(join(tree, `d/sub-${i}/hello`), '')
    }
    symlinkSync(scene.victim, join(tree, 's'))
    const child = await swapping(join(tree, 'd'), join(tree, 's'))
    try {
      await removeTree(tree).catch((error: unknown) => assert.ok(systemCode(error) !== undefined, String(error)))
    } finally {
      await stop(child)
    }
  }
  assert.deepEqual(scene.outside(), before)
  assert.deepEqual(readdirSync(scene.victim), ['hello'])
})
