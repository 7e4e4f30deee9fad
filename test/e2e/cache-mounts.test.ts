import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { hearth } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()

interface Item {
  readonly kind: string
  readonly title: string
}

interface CommandAnswer {
  readonly items?: readonly Item[]
  readonly kinds?: readonly { readonly kind: string; readonly count: number; readonly own: number }[]
  readonly removed?: readonly Item[]
}

/** Runs a command on a cache directory; gives its JSON document. */
async function cacheCommand(directory: string, ...args: readonly string[]): Promise<CommandAnswer> {
  const { stdout, stderr, code } = await hearth(['cache', ...args, '--cache-dir', directory, '--format', 'json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as CommandAnswer
}

const titles = (items: readonly Item[] | undefined): readonly string[] => (items ?? []).map(({ title }) => title).sort()

const context = makeContext(scene.directory, {
  Dockerfile: `FROM ${scene.busybox}
RUN --mount=type=cache,target=/root/.npm head -c 200000 /dev/zero > /root/.npm/file
RUN --mount=type=cache,target=/pip,id=pip head -c 300000 /dev/zero > /pip/file
`,
})

test('cache mounts are listed, counted and pruned by kind, name and last use', async () => {
  const directory = scene.newDirectory()
  await scene.image({ context, args: ['--cache', '--cache-dir', directory] })
  const listed = await cacheCommand(directory, 'ls', '--kind', 'mount')
  assert.deepEqual(titles(listed.items), ['/root/.npm', 'pip'])
  const usage = (await cacheCommand(directory, 'du')).kinds?.find(({ kind }) => kind === 'mount')
  assert.equal(usage?.count, 2)
  assert.ok(usage.own > 500_000)
  assert.deepEqual((await cacheCommand(directory, 'prune', '--kind', 'mount', '--unused-since', '1h')).removed, [])
  const named = await cacheCommand(directory, 'prune', '--reference', '/root/*')
  assert.deepEqual(titles(named.removed), ['/root/.npm'])
  const pruned = await cacheCommand(directory, 'prune', '--kind', 'mount')
  assert.deepEqual(titles(pruned.removed), ['pip'])
  const left = await cacheCommand(directory, 'ls')
  assert.deepEqual(
    left.items?.map(({ kind }) => kind),
    ['layer', 'layer'],
  )
})

test('a build keeps its cache mounts within --cache-mount-max-size', async () => {
  const directory = scene.newDirectory()
  const args = ['--cache', '--cache-dir', directory, '--cache-mount-max-size', '400k']
  const { result } = await scene.image({ context, args })
  assert.match(result.stderr, /was pruned: 1 item and 0 blobs, /)
  assert.deepEqual(titles((await cacheCommand(directory, 'ls', '--kind', 'mount')).items), ['pip'])
})
