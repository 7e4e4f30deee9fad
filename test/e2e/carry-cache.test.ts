import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { makeContext } from '../support/context.ts'
import { cacheSummary, hearth, warm } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const context = makeContext(scene.directory, {
  Dockerfile: `FROM ${scene.busybox}\nRUN echo made > /made\nCOPY Dockerfile /\n`,
})
const source = scene.newDirectory()
const first = await scene.image({ context, args: ['--cache', '--cache-dir', source] })
await warm(['--image', scene.busybox, '--cache-dir', source])

/** A build on what was imported takes everything from it and gives the same image. */
async function assertCarried(cache: string): Promise<void> {
  const again = await scene.image({ context, args: ['--cache', '--cache-dir', cache] })
  assert.deepEqual(cacheSummary(again.result), { local: 2, remote: 0, misses: 0 })
  assert.match(again.result.stderr, /is warm/)
  assert.equal(again.digest, first.digest)
}

for (const target of ['layout', 'cache.tar', 'oci:layout']) {
  test(`a cache is carried to another directory by way of ${target}`, async () => {
    const [cwd, cache] = [scene.newDirectory(), join(scene.newDirectory(), 'new')]
    const out = await hearth(['cache', 'export', target, '--cache-dir', source], { cwd })
    assert.equal(out.code, 0, out.stderr)
    assert.match(out.stdout, /^Exported/)
    const into = await hearth(['cache', 'import', target, '--cache-dir', cache], { cwd })
    assert.equal(into.code, 0, into.stderr)
    assert.match(into.stdout, /^Imported/)
    await assertCarried(cache)
  })
}

test('--dry-run writes nothing, on either side', async () => {
  const [cwd, cache] = [scene.newDirectory(), join(scene.newDirectory(), 'new')]
  const out = await hearth(['cache', 'export', 'x', '--cache-dir', source, '--dry-run'], { cwd })
  assert.match(out.stdout, /^Would export/)
  assert.equal(existsSync(join(cwd, 'x')), false)
  await hearth(['cache', 'export', 'x', '--cache-dir', source], { cwd })
  const into = await hearth(['cache', 'import', 'x', '--cache-dir', cache, '--dry-run'], { cwd })
  assert.match(into.stdout, /^Would import/)
  assert.equal(existsSync(join(cache, 'entries')), false)
})

test('what is no layout is one clear error', async () => {
  const cwd = scene.newDirectory()
  const cache = ['--cache-dir', scene.newDirectory()]
  assertClearError(await hearth(['cache', 'import', 'nothing', ...cache], { cwd }), [/nothing is not an OCI layout/])
  assertClearError(await hearth(['cache', 'import', '.', ...cache], { cwd }), [/is not an OCI layout/])
  assertClearError(await hearth(['cache', 'export', 'x', '--cache-dir', join(cwd, 'none')], { cwd }), [
    /There is no cache directory/,
  ])
})
