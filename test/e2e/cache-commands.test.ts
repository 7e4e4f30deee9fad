import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeContext } from '../support/context.ts'
import { cacheSummary, hearth } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'
import { flipBit } from '../unit/content/support.ts'

const scene = await openScene()
const cacheArgs = (directory: string): readonly string[] => ['--cache', '--cache-dir', directory]

interface CommandAnswer {
  readonly code: number
  readonly inUse?: readonly unknown[]
  readonly items?: readonly { readonly blobs: readonly string[] }[]
  readonly damaged?: readonly unknown[]
  readonly misses?: readonly unknown[]
}

/** Runs a command on a cache directory; gives its JSON document and its exit code. */
async function cacheCommand(directory: string, ...args: readonly string[]): Promise<CommandAnswer> {
  const { stdout, code } = await hearth(['cache', ...args, '--cache-dir', directory, '--format', 'json'])
  return { ...JSON.parse(stdout), code }
}

test('everything is pruned beside a build that has found a layer, which ends well with it', async () => {
  const [directory, gate] = [scene.newDirectory(), scene.newDirectory()]
  const text = `FROM ${scene.busybox}\nRUN echo first > /first\n`
  await scene.image({ context: makeContext(scene.directory, { Dockerfile: text }), args: cacheArgs(directory) })
  // The command runs on the layer that was found, and the output reads it once more after the prune.
  const slow = `${text}RUN --mount=type=secret,id=x touch /begun && sleep 4 && cat /first\n`
  const building = scene.image({
    context: makeContext(scene.directory, { Dockerfile: slow }),
    args: [...cacheArgs(directory), '--work-dir', gate],
  })
  const hasBegun = (): boolean => {
    return readdirSync(gate, { recursive: true, encoding: 'utf8' }).some((path) => path.endsWith('/begun'))
  }
  for (let i = 0; i < 600 && !hasBegun(); i++) await sleep(50)
  const pruned = await cacheCommand(directory, 'prune', '--all')
  assert.equal(pruned.code, 0)
  assert.equal(pruned.inUse?.length, 1)
  const built = await building
  assert.equal(cacheSummary(built.result).local, 1)
  assert.equal([...(await built.tree()).keys()].filter((path) => path.endsWith('first')).length, 1)
})

test('after a prune of everything all is built anew, and nobody has a lease any more', async () => {
  const directory = scene.newDirectory()
  const context = makeContext(scene.directory, {
    Dockerfile: `FROM ${scene.busybox}\nRUN echo a > /a\nCOPY f /f\n`,
    f: 'f',
  })
  await scene.image({ context, args: cacheArgs(directory) })
  const listed = await cacheCommand(directory, 'ls')
  assert.equal(listed.items?.length, 2)
  await cacheCommand(directory, 'prune', '--all')
  assert.equal((await cacheCommand(directory, 'ls')).items?.length, 0)
  assert.deepEqual(readdirSync(join(directory, 'blobs', 'sha256')), [])
  assert.deepEqual(readdirSync(join(directory, 'pins')), [])
  assert.equal(cacheSummary((await scene.image({ context, args: cacheArgs(directory) })).result).misses, 2)
})

test('verify ends with 1 for a flipped bit, and the next build heals the directory', async () => {
  const directory = scene.newDirectory()
  const context = makeContext(scene.directory, { Dockerfile: `FROM ${scene.busybox}\nRUN echo v > /v\n` })
  await scene.image({ context, args: cacheArgs(directory) })
  const digest = (await cacheCommand(directory, 'ls')).items?.[0]?.blobs[0] ?? ''
  flipBit(join(directory, 'blobs', digest.replace(':', '/')))
  const found = await cacheCommand(directory, 'verify', '--remove')
  assert.deepEqual([found.code, found.damaged?.length, found.misses?.length], [1, 1, 1])
  assert.equal(existsSync(join(directory, 'blobs', digest.replace(':', '/'))), false)
  assert.equal(cacheSummary((await scene.image({ context, args: cacheArgs(directory) })).result).misses, 1)
  assert.equal((await cacheCommand(directory, 'verify')).code, 0)
})

test('a build keeps its directory within --cache-max-size and says so', async () => {
  const directory = scene.newDirectory()
  const context = makeContext(scene.directory, {
    Dockerfile: `FROM ${scene.busybox}\nRUN head -c 300000 /dev/urandom > /r\n`,
  })
  const args = [...cacheArgs(directory), '--cache-max-size', '100k']
  const { result } = await scene.image({ context, args })
  assert.match(result.stderr, /was pruned: \d+ items? and \d+ blobs?, \d/)
  assert.equal((await cacheCommand(directory, 'ls')).items?.length, 0)
})

test('a directory that is read-only is listed and counted', async () => {
  const directory = scene.newDirectory()
  const context = makeContext(scene.directory, { Dockerfile: `FROM ${scene.busybox}\nRUN echo o > /o\n` })
  await scene.image({ context, args: cacheArgs(directory) })
  for (const command of [['ls'], ['du'], ['verify'], ['prune', '--all', '--dry-run']]) {
    const surroundings = { readOnly: [directory] }
    const { code, stderr } = await hearth(['cache', ...command, '--cache-dir', directory], { surroundings })
    assert.equal(code, 0, `${command}: ${stderr}`)
  }
})
