import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { busyboxImage } from '../support/bases.ts'
import { assertClearError } from '../support/clear-error.ts'
import { type CommandResult, succeeded, tryRun } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { executorPath, warmerPath } from '../support/dist.ts'
import { cacheSummary } from '../support/hearth.ts'
import { temporaryDirectory } from '../support/temp.ts'

// One cache volume, and users who are not each other: the executor as root, the warmer as the user of its image.

const directory = temporaryDirectory({ after })
const { layout, name } = await busyboxImage(directory)
for (const path of [directory, dirname(layout)]) chmodSync(path, 0o755)
const base = `oci:${layout}:${name}`

interface Identity {
  readonly uid: number
  readonly groups?: string
  readonly umask?: string
  /** A capability that root goes without. */
  readonly without?: string
}

const root = { uid: 0 }
const nonroot = { uid: 65_532 }
/** Root as far as files go no more than the other users. */
const powerless = { uid: 0, without: 'dac_override' }
const fsGroup = 2000

/** Runs a program of hearth as a user. */
function as({ uid, groups, umask = '022', without }: Identity, argv: readonly string[]): Promise<CommandResult> {
  const membership = groups === undefined ? '--clear-groups' : `--groups=${groups}`
  const become = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, membership, '--inh-caps=-all']
  if (without !== undefined) become.push(`--bounding-set=-${without}`)
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/nonexistent', DOCKER_CONFIG: '/nonexistent' }
  const script = ['-c', 'umask "$0"; exec "$@"', umask, ...become, process.execPath, ...argv]
  return tryRun('sh', script, { env })
}

async function warmAs(who: Identity, cache: string): Promise<CommandResult> {
  return as(who, [warmerPath, '--image', base, '--cache-dir', cache])
}

/** Builds on the warmed base, or on nothing; gives the summary of the cache. */
async function buildAs(who: Identity, cache: string, from: string): Promise<ReturnType<typeof cacheSummary>> {
  const out = mkdtempSync(join(directory, 'out-'))
  const context = makeContext(directory, { Dockerfile: `FROM ${from}\nCOPY file /file\n`, file: 'content' })
  const args = ['--context', context, '--no-push', '--cache', '--cache-dir', cache, '--work-dir', join(out, 'work')]
  const result = await as(who, [executorPath, ...args, '--oci-layout-path', join(out, 'image')])
  return cacheSummary(succeeded(result, args))
}

const volumes: Readonly<Record<string, { mode: number; owner: readonly [number, number]; groups?: string }>> = {
  "everybody's": { mode: 0o777, owner: [0, 0] },
  "everybody's, and sticky": { mode: 0o1777, owner: [0, 0] },
  "a group's": { mode: 0o2775, owner: [0, fsGroup], groups: String(fsGroup) },
  "the warmer's own": { mode: 0o700, owner: [nonroot.uid, nonroot.uid] },
}

function makeVolume({ mode, owner }: { mode: number; owner: readonly [number, number] }): string {
  const cache = mkdtempSync(join(directory, 'cache-'))
  chownSync(cache, ...owner)
  chmodSync(cache, mode)
  return cache
}

const hit = { local: 1, remote: 0, misses: 0 }
const miss = { local: 0, remote: 0, misses: 1 }

for (const [what, volume] of Object.entries(volumes)) {
  const groups = volume.groups === undefined ? {} : { groups: volume.groups }
  const user = { ...nonroot, ...groups }
  const builder = { ...(volume.mode === 0o700 ? root : powerless), ...groups }

  test(`a volume that is ${what} serves the warmer after the executor`, async () => {
    const cache = makeVolume(volume)
    assert.deepEqual(await buildAs({ ...root, umask: '077' }, cache, 'scratch'), miss)
    succeeded(await warmAs(user, cache), ['warmer'])
    assert.deepEqual(await buildAs(builder, cache, 'scratch'), hit)
    assert.deepEqual(await buildAs(builder, cache, 'busybox:1'), miss)
    assertAlike(cache)
  })

  test(`a volume that is ${what} serves the executor after the warmer, and the warmer again`, async () => {
    const cache = makeVolume(volume)
    succeeded(await warmAs({ ...user, umask: '077' }, cache), ['warmer'])
    assert.deepEqual(await buildAs(root, cache, 'busybox:1'), miss)
    assert.deepEqual(await buildAs(builder, cache, 'busybox:1'), hit)
    assert.deepEqual(await buildAs(builder, cache, 'scratch'), miss)
    succeeded(await warmAs(user, cache), ['warmer'])
    assertAlike(cache)
  })
}

/** All directories are as open as the volume itself, also the index that several users write. */
function assertAlike(cache: string): void {
  const { mode } = statSync(cache)
  const below = readdirSync(cache, { recursive: true, withFileTypes: true })
  const directories = below.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name))
  assert.ok(directories.length >= 5)
  for (const path of directories) assert.equal(statSync(path).mode & 0o7777, mode & 0o2777, path)
  assert.equal(statSync(join(cache, 'index/v2-g1.db')).mode & 0o777, mode & 0o666)
}

test('who may not write in the volume is told who that is, where, and what to change', async () => {
  const cache = makeVolume({ mode: 0o755, owner: [0, 0] })
  const refused = await warmAs(nonroot, cache)
  assertClearError(refused, [
    /User 65532 \(groups 65532\) may not write in /,
    /belongs to 0:0 and has mode 755/,
    /fsGroup/,
  ])
  assert.ok(refused.stderr.includes(cache))
  assert.deepEqual(readdirSync(cache), [])
})

test('the same for a directory within it; a build goes on without adding to the cache', async () => {
  const cache = makeVolume({ mode: 0o777, owner: [0, 0] })
  mkdirSync(join(cache, 'blobs/sha256'), { recursive: true })
  chownSync(join(cache, 'blobs/sha256'), fsGroup, fsGroup)
  assertClearError(await warmAs(nonroot, cache), [/User 65532 .* may not write in \S+\/blobs\/sha256/, /mode 755/])
  assert.deepEqual(await buildAs(powerless, cache, 'scratch'), miss)
})
