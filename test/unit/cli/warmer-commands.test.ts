import assert from 'node:assert/strict'
import { globSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { referencePattern } from '../../../warmer/reference-pattern.ts'
import { skopeo } from '../../support/image-tree.ts'
import { runIn } from '../../support/isolated.ts'
import { makeImage, pushImage } from '../warmer/publish.ts'
import { openWarmScene, wanted, warmDirectory } from '../warmer/scene.ts'
import { type Run, runWarmerWith } from './run-warmer.ts'

const { directory, registry, client } = await openWarmScene()
const hour = 3600_000

function newCache(): string {
  return join(mkdtempSync(join(directory, 'cache-')), 'new')
}

function run(...argv: readonly string[]): Promise<Run> {
  return runWarmerWith(argv, { cwd: directory })
}

async function publish(name: string, ...files: readonly string[]): Promise<string> {
  await pushImage(client, `${registry.host}/${name}`, await makeImage(directory, files))
  return `${registry.host}/${name}`
}

/** A cache of these images, all of which were resolved that long ago. */
async function cacheOf(names: readonly string[], ageMs = 0): Promise<string> {
  const cache = newCache()
  await warmDirectory(cache, wanted(...names), { now: new Date(Date.now() - ageMs) })
  return cache
}

function blobsIn(cache: string): readonly string[] {
  return globSync('blobs/sha256/*', { cwd: cache }).map((path) => join(cache, path))
}

interface Shown {
  readonly reference: string
  readonly state: string
  readonly whole: boolean
  readonly size: number
}

async function shown(cache: string, ...argv: readonly string[]): Promise<readonly Shown[]> {
  return JSON.parse((await run('ls', '-c', cache, '--format=json', ...argv)).stdout)
}

async function left(cache: string): Promise<readonly string[]> {
  return (await shown(cache)).map(({ reference }) => reference)
}

const [one, two, three] = [
  await publish('team/one:1', 'shared', 'one'),
  await publish('team/one:2', 'shared', 'two'),
  await publish('other:1', 'three'),
]

test('ls shows each image in a line, and the size of all blobs together', async () => {
  const cache = await cacheOf([one, two])
  const { code, stdout, stderr } = await run('ls', '-c', cache, '--log-format=text')
  assert.equal(code, 0)
  const [titles, ...rows] = stdout.trimEnd().split('\n')
  assert.deepEqual(titles?.split(/ {2,}/), [
    'IMAGE',
    'PLATFORM',
    'DIGEST',
    'LAYERS',
    'SIZE',
    'STATE',
    'RESOLVED',
    'LAST USED',
  ])
  assert.deepEqual(
    rows.map((row) => row.split(/ {2,}/)[0]),
    [one, two],
  )
  assert.match(
    rows[0] ?? '',
    / linux\/amd64 +sha256:[0-9a-f]{12} +2 +\d\.\d kB +fresh +\d{4}-\d\d-\d\dT\d\d:\d\dZ +\d{4}-/,
  )
  assert.match(stderr, /^INFO 2 images, \d\.\d kB\n$/)
})

test('ls --format json has what can be known, for programs', async () => {
  const at = new Date(Date.now() - hour)
  const cache = newCache()
  await warmDirectory(cache, wanted(one), { now: at })
  const [image] = await shown(cache)
  const { manifestDescriptor, configDescriptor, layers } = await makeImage(directory, ['shared', 'one'])
  const size = [manifestDescriptor, configDescriptor, ...layers.map(({ descriptor }) => descriptor)]
  const { lastUsed, ...rest } = image as Shown & { readonly lastUsed: string }
  assert.ok(new Date(lastUsed) > at)
  assert.deepEqual(rest, {
    reference: one,
    platform: 'linux/amd64',
    digest: manifestDescriptor.digest,
    resolved: manifestDescriptor.digest,
    layers: 2,
    size: size.reduce((sum, blob) => sum + blob.size, 0),
    state: 'fresh',
    whole: true,
    resolvedAt: at.toISOString(),
  })
})

test('a tag is fresh or expired, an image is pinned, replaced or listed only, and may not be whole', async () => {
  const moving = await publish('state:1', 'state')
  const cache = await cacheOf([moving, three], 2 * hour)
  const { digest } = (await makeImage(directory, ['three'])).manifestDescriptor
  await publish('state:1', 'state-2')
  await warmDirectory(cache, wanted(moving, `${registry.host}/other@${digest}`), { ttlMs: hour })
  await skopeo(['copy', '--quiet', '--src-tls-verify=false', `docker://${two}`, `oci:${cache}:by-skopeo`])
  const [blob] = (await makeImage(directory, ['state-2'])).layers
  writeFileSync(join(cache, 'blobs', blob!.descriptor.digest.replace(':', '/')), 'shorter')
  const { manifestDescriptor: old } = await makeImage(directory, ['state'])
  const states = (await shown(cache, '--cache-ttl=1h')).map(({ reference, state, whole }) => [reference, state, whole])
  assert.deepEqual(states, [
    [three, 'expired', true],
    [`${registry.host}/other@${digest}`, 'pinned', true],
    [moving, 'fresh', false],
    ['by-skopeo', 'listed', true],
    [old.digest, 'replaced', true],
  ])
})

test('prune takes what a pattern matches, and nothing with --dry-run', async () => {
  const cache = await cacheOf([one, two, three])
  const dry = await run('prune', '-c', cache, '--reference', '*/team/one:1', '--dry-run', '--log-format=text')
  assert.equal(dry.stdout, `${one} (linux/amd64)\n`)
  assert.match(dry.stderr, /^INFO 1 image would be removed, and \d\.\d kB of no warmed image any more\n$/)
  assert.deepEqual(await left(cache), [three, one, two])
  const before = blobsIn(cache).length
  const { code, stdout, stderr } = await run('prune', '-c', cache, '--reference', '*/team/one:1', '--log-format=text')
  assert.deepEqual([code, stdout], [0, `${one} (linux/amd64)\n`])
  assert.match(stderr, /^INFO 1 image removed, \d\.\d kB freed\n$/)
  assert.ok(blobsIn(cache).length < before)
  assert.deepEqual(await left(cache), [three, two])
  assert.ok(await skopeo(['inspect', `oci:${cache}:${two}`]))
  await run('prune', '-c', cache, '--reference', `${registry.host}/team/one`, '--reference=*other*')
  assert.deepEqual(await left(cache), [])
})

test('prune takes what is expired, replaced or unused, one reason being enough, and a pattern narrows that', async () => {
  const moving = await publish('reason:1', 'reason')
  const old = await cacheOf([one, two, moving], 3 * hour)
  await publish('reason:1', 'reason-2')
  await warmDirectory(old, wanted(three, moving), { ttlMs: hour })
  const argv = ['prune', '-c', old, '--cache-ttl=2h']
  await run(...argv, '--expired', '--reference=*:1')
  const replaced = (await makeImage(directory, ['reason'])).manifestDescriptor.digest
  assert.deepEqual(await left(old), [three, moving, two, replaced])
  await run(...argv, '--replaced', '--unused-since=1h')
  assert.deepEqual(await left(old), [three, moving, two])
  for (const file of globSync('refs/*.json', { cwd: old }))
    utimesSync(join(old, file), new Date(), new Date(Date.now() - hour))
  const { stdout } = await run(...argv, '--unused-since=30m', '--reference=*/other', '--format=json')
  const pruned = JSON.parse(stdout)
  assert.deepEqual([pruned.dryRun, pruned.images.map((image: Shown) => image.reference)], [false, [three]])
  assert.ok(pruned.bytes > 0)
  await run(...argv, '--all')
  assert.deepEqual(await left(old), [])
})

test('after a prune the index of the directory has the images that are left', async () => {
  const cache = await cacheOf([one, three])
  await run('prune', '-c', cache, '--reference=*/other')
  const [file] = globSync('index/*.db', { cwd: cache })
  const db = new Database(join(cache, file ?? ''), { readonly: true })
  assert.deepEqual(db.prepare('SELECT reference FROM images').pluck().all(), [one])
  db.close()
})

test('a prune that nothing limits, and directories that are none, are refused', async () => {
  const cache = await cacheOf([one])
  const vague = await run('prune', '-c', cache, '--log-format=text')
  assert.equal(vague.code, 1)
  assert.match(vague.stderr, /^error\[usage\]: nothing says what to remove\n {2}fix: {3}Give --expired/)
  for (const command of ['ls', 'prune']) {
    const missing = await run(command, '-c', 'none', ...(command === 'ls' ? [] : ['--all']), '--log-format=text')
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /^error\[cache-unusable\]: There is no cache directory \S+\/none\n/)
  }
  assert.deepEqual(globSync('none', { cwd: directory }), [])
  mkdirSync(join(directory, 'empty'))
  assert.deepEqual(await run('ls', '-c', 'empty', '-v', 'warn'), { code: 0, stdout: '', stderr: '' })
})

test('where nothing can be removed, prune says so once, and a dry run works', async () => {
  const cache = await cacheOf([one])
  const program = join(import.meta.dirname, '../warmer/children/run-warmer.ts')
  const argv = [process.execPath, program, 'prune', '-c', cache, '--all', '--log-format=text']
  const { code, stdout, stderr } = await runIn({ readOnly: [cache] }, argv)
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^error\[cache-unusable\]: .*\n {2}why: {3}it is read-only\n/)
  assert.equal((await runIn({ readOnly: [cache] }, [...argv, '--dry-run'])).stdout, `${one} (linux/amd64)\n`)
  assert.deepEqual(await left(cache), [one])
})

test('the help of the warmer names its commands, and each command has its own', async () => {
  assert.match(
    (await run('--help')).stdout,
    / {2}hearth-warmer version\n {2}hearth-warmer ls\n {2}hearth-warmer prune\n/,
  )
  assert.match((await run('ls', '--help')).stdout, /^Lists .*--format/s)
  assert.match((await run('prune', '--help')).stdout, /^Removes .*--unused-since/s)
  const wrong = await run('ls', '--al')
  assert.deepEqual([wrong.code, wrong.stdout], [1, ''])
})

for (const [pattern, matches, others] of [
  ['debian', ['debian:12', 'docker.io/library/debian:11'], ['my/debian:12', 'debian-slim:1', 'ghcr.io/x/debian:1']],
  ['debian:1*', ['debian:12', 'debian:1'], ['debian:21']],
  ['docker.io/library/debian:12', ['debian:12'], ['debian:11']],
  ['ghcr.io/team/*', ['ghcr.io/team/a:1', 'ghcr.io/team/b/c:2'], ['ghcr.io/teams/a:1']],
  ['*:latest', ['alpine', 'ghcr.io/a/b:latest'], ['alpine:3']],
  ['a.c:1?', ['docker.io/library/a.c:12'], ['abc:12', 'a.c:1', 'a.c:123']],
] as const) {
  test(`the pattern ${pattern} matches whole references and repositories`, async () => {
    const { formatReference, parseReference } = await import('../../../src/oci/reference.ts')
    const isMatch = referencePattern(pattern)
    for (const text of matches) assert.equal(isMatch(formatReference(parseReference(text))), true, text)
    for (const text of others) assert.equal(isMatch(formatReference(parseReference(text))), false, text)
  })
}
