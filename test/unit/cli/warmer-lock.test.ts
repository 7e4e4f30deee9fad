import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { amd64, arm64, makeImage, pushImage, pushIndex } from '../warmer/publish.ts'
import { openWarmScene } from '../warmer/scene.ts'
import { type Run, runWarmerWith } from './run-warmer.ts'

const { directory, registry, proxy, client } = await openWarmScene()
const cwd = mkdtempSync(join(directory, 'cwd-'))

function newCache(): string {
  return join(mkdtempSync(join(directory, 'cache-')), 'new')
}

function run(...argv: readonly string[]): Promise<Run> {
  return runWarmerWith([...argv, '--log-format=text', '--custom-platform=linux/amd64'], { cwd })
}

async function publish(name: string, ...files: readonly string[]): Promise<{ name: string; digest: string }> {
  const digest = await pushImage(client, `${registry.host}/${name}`, await makeImage(directory, files))
  return { name: `${proxy.host}/${name}`, digest }
}

function lockOf(file: string): unknown {
  return JSON.parse(readFileSync(join(cwd, file), 'utf8'))
}

test('a lock file says what each tag stands for: sorted, and written only when something has changed', async () => {
  const [b, a] = [await publish('b:1', 'b'), await publish('a:1', 'a')]
  const index = await pushIndex(client, `${registry.host}/both:1`, [
    [amd64, await makeImage(directory, ['both'])],
    [arm64, await makeImage(directory, ['both-arm'], arm64)],
  ])
  const argv = ['-i', b.name, '-i', a.name, '-i', `${proxy.host}/both:1`, '-i', `${a.name}@${a.digest}`]
  const made = await run(...argv, '-c', newCache(), '--lock-file=sorted.json')
  assert.equal(made.code, 0, made.stderr)
  const manifest = (await makeImage(directory, ['both'])).manifestDescriptor.digest
  const platform = 'linux/amd64'
  assert.deepEqual(lockOf('sorted.json'), {
    version: 1,
    images: [
      { reference: a.name, platform, digest: a.digest, manifest: a.digest },
      { reference: b.name, platform, digest: b.digest, manifest: b.digest },
      { reference: `${proxy.host}/both:1`, platform, digest: index, manifest },
    ],
  })
  const before = statSync(join(cwd, 'sorted.json')).ino
  await run(
    ...argv
      .toReversed()
      .map((one) => (one === '-i' ? '' : `-i${one}`))
      .filter(Boolean),
    '-c',
    newCache(),
    '--lock-file=sorted.json',
  )
  assert.equal(statSync(join(cwd, 'sorted.json')).ino, before)
})

test('a locked run warms what the lock says, whatever the tag says by now, and asks for no tag', async () => {
  const old = await publish('locked:1', 'old')
  await run('-i', old.name, '-c', newCache(), '--lock-file=l.json')
  await publish('locked:1', 'new')
  const cache = newCache()
  const before = proxy.requests.length
  const locked = await run('-i', old.name, '-c', cache, '--lock-file=l.json', '--locked', '--format=json')
  assert.equal(locked.code, 0, locked.stderr)
  assert.equal(JSON.parse(locked.stdout).images[0].digest, old.digest)
  assert.deepEqual(
    proxy.requests.slice(before).filter((line) => line.endsWith('/manifests/1')),
    [],
  )
  assert.match(
    (await runWarmerWith(['ls', '-c', cache], { cwd })).stdout,
    new RegExp(`locked:1 +linux/amd64 +${old.digest.slice(0, 19)}`),
  )
})

test('what is there as locked needs no registry at all, however old', async () => {
  const image = await publish('offline:1', 'offline')
  const cache = newCache()
  await run('-i', image.name, '-c', cache, '--lock-file=off.json')
  const argv = ['-c', cache, '--lock-file=off.json', '--locked', '--cache-ttl=0s', '--format=json']
  const before = proxy.requests.length
  const again = await run('-i', image.name, ...argv)
  assert.equal(again.code, 0, again.stderr)
  assert.deepEqual(proxy.requests.slice(before), [])
  assert.equal(JSON.parse(again.stdout).images[0].outcome, 'refreshed')
})

test('a tag that moved on in the directory goes back to what is locked, from what is there', async () => {
  const old = await publish('back:1', 'old')
  const cache = newCache()
  await run('-i', old.name, '-c', cache, '--lock-file=back.json')
  const next = await publish('back:1', 'next')
  await run('-i', old.name, '-c', cache, '--cache-ttl=0s')
  const before = proxy.requests.length
  const back = await run('-i', old.name, '-c', cache, '--lock-file=back.json', '--locked', '--format=json')
  const [row] = JSON.parse(back.stdout).images
  assert.deepEqual([row.outcome, row.digest, row.previousDigest], ['refreshed', old.digest, next.digest])
  assert.deepEqual(proxy.requests.slice(before), [])
})

test('a wish that is not locked ends a locked run before anything is transferred, with all of them named', async () => {
  const one = await publish('known:1', 'known')
  await run('-i', one.name, '-c', newCache(), '--lock-file=part.json')
  writeFileSync(join(cwd, 'Dockerfile'), `FROM ${proxy.host}/x:1\nFROM ${one.name}\nFROM ${proxy.host}/y:1\n`)
  const before = proxy.requests.length
  const { code, stdout, stderr } = await run('-d', 'Dockerfile', '-c', newCache(), '--lock-file=part.json', '--locked')
  assert.deepEqual([code, stdout, proxy.requests.slice(before)], [1, '', []])
  assert.match(stderr, /^error\[lock-mismatch\]: 2 of 3 images are not in the lock file\n {2}where: \S+part.json\n/)
  assert.match(stderr, /why: .*x:1 linux\/amd64 of Dockerfile; .*y:1 linux\/amd64 of Dockerfile\n/)
  const none = await run('-i', one.name, '-c', newCache(), '--lock-file=none.json', '--locked')
  assert.match(none.stderr, /^error\[lock-mismatch\]: 1 of 1 images is not in the lock file/)
})

test('an image that fails keeps what was locked of it, and one that nobody wants goes', async () => {
  const [stays, goes] = [await publish('fails:1', 'fails'), await publish('goes:1', 'goes')]
  await run('-i', stays.name, '-i', goes.name, '-c', newCache(), '--lock-file=keep.json')
  const fails = (line: string): boolean => line.includes('/v2/fails/')
  proxy.failNext(20, fails)
  const fresh = await publish('fresh:1', 'fresh')
  const failed = await run('-i', stays.name, '-i', fresh.name, '-c', newCache(), '--lock-file=keep.json')
  proxy.failNext(0, fails)
  assert.equal(failed.code, 32)
  const { images } = lockOf('keep.json') as { images: { reference: string; digest: string }[] }
  assert.deepEqual(
    images.map(({ reference, digest }) => [reference, digest]),
    [
      [stays.name, stays.digest],
      [fresh.name, fresh.digest],
    ],
  )
})

test('a file that is no lock is refused by name, and left alone', async () => {
  const { name } = await publish('any:1', 'any')
  const bad = {
    'is not valid JSON': '{',
    'its version is 2': '{"version":2,"images":[]}',
    'no list of images': '{"version":1}',
    'has no digest': `{"version":1,"images":[{"reference":"a","platform":"linux/amd64","digest":"x","manifest":"y"}]}`,
    'has no platform': `{"version":1,"images":[{"reference":"a"}]}`,
  }
  for (const [why, text] of Object.entries(bad)) {
    writeFileSync(join(cwd, 'bad.json'), text)
    const { code, stderr } = await run('-i', name, '-c', newCache(), '--lock-file=bad.json')
    assert.equal(code, 1)
    assert.match(stderr, /^error\[lock-invalid\]: The lock file cannot be used\n {2}where: \S+bad.json\n/)
    assert.ok(stderr.includes(why), stderr)
    assert.equal(readFileSync(join(cwd, 'bad.json'), 'utf8'), text)
  }
})

test('an image of a layout must be the one that is locked', async () => {
  const { name } = await publish('inlayout:1', 'first')
  const cache = newCache()
  await run('-i', name, '-c', cache)
  const layout = `oci:${cache}:${name}`
  await run('-i', layout, '-c', newCache(), '--lock-file=layout.json')
  assert.equal((await run('-i', layout, '-c', newCache(), '--lock-file=layout.json', '--locked')).code, 0)
  await publish('inlayout:1', 'second')
  await run('-i', name, '-c', cache, '--cache-ttl=0s')
  const { code, stderr } = await run('-i', layout, '-c', newCache(), '--lock-file=layout.json', '--locked')
  assert.equal(code, 1)
  assert.match(stderr, /error\[lock-mismatch\]: .*inlayout:1 linux\/amd64 is another image than the lock file says/)
})
