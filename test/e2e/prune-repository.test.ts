import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { makeContext } from '../support/context.ts'
import { cacheSummary, hearth } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const access = ['--insecure-registry', scene.registry.host]

test('a build after the prune of its cache repository misses, and after a dry run it hits', async () => {
  const repository = `${scene.registry.host}/cache`
  const context = makeContext(scene.directory, { Dockerfile: `FROM ${scene.busybox}\nRUN echo pruned > /f\n` })
  const build = async () => {
    const args = ['--cache', '--cache-dir', scene.newDirectory(), '--cache-repo', repository]
    return cacheSummary((await scene.image({ context, args: [...args, ...access] })).result)
  }
  const prune = async (...args: readonly string[]) => {
    const called = ['cache', 'prune', '--cache-repo', repository, '--all', '--format', 'json', ...access, ...args]
    const { code, stdout, stderr } = await hearth(called)
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }
  await build()
  const planned = await prune('--dry-run')
  assert.deepEqual([planned.repository, planned.dryRun, planned.removed.length], [repository, true, 1])
  assert.equal(planned.removed[0].title, 'RUN echo pruned > /f')
  const told = await hearth([
    'cache',
    'prune',
    '--cache-repo',
    repository,
    '--reference',
    'RUN *',
    '--dry-run',
    ...access,
  ])
  assert.match(told.stdout, /^KEY +WHY +TITLE\n[0-9a-f]{12} +chosen +RUN echo pruned > \/f\nWould be removed: 1 item; /)
  assert.equal((await build()).remote, 1)
  assert.deepEqual((await prune()).removed, planned.removed)
  assert.equal((await build()).misses, 1)
})

for (const [args, says] of [
  [['--cache-repo', 'r.example/c'], /--max-age, --reference or --all/],
  [['--cache-repo', 'r.example/c', '--max-size', '1G'], /--max-size does not go with --cache-repo/],
  [['--cache-repo', 'r.example/c', '--unused-since', '1h'], /--unused-since does not go with --cache-repo/],
  [['--cache-repo', 'r.example/c', '--kind', 'layer'], /--kind does not go with --cache-repo/],
  [['--cache-repo', 'r.example/c', '--all', '--cache-dir', '/c'], /--cache-repo and --cache-dir/],
  [['--cache-repo', 'oci:layout', '--all'], /oci:layout is an OCI layout/],
  [['--insecure', '--all'], /--insecure has no effect without --cache-repo/],
] as const) {
  test(`prune ${args.join(' ')} is refused`, async () => {
    assertClearError(await hearth(['cache', 'prune', ...args]), [says])
  })
}
