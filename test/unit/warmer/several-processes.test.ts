import assert from 'node:assert/strict'
import { existsSync, globSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FinishedImage } from '../../../src/image/image.ts'
import { openLayer } from '../../../src/image/layer.ts'
import { collect } from '../../../src/stream/bytes.ts'
import { type CommandResult, tryRun } from '../../support/command.ts'
import { type RunningServer, startHttpServer } from '../../support/http-server.ts'
import { damagedBlobs } from '../content/support.ts'
import { makeImage, pushImage } from './publish.ts'
import { openWarmScene } from './scene.ts'

const { directory, proxy, registry, client } = await openWarmScene()
const program = join(import.meta.dirname, 'children/run-warmer.ts')

function warmer(args: readonly string[], onStart?: (pid: number) => void): Promise<CommandResult> {
  const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' }
  return tryRun(process.execPath, [program, ...args], { env, ...(onStart === undefined ? {} : { onStart }) })
}

test('two warmers at once give one whole directory, and download every layer once', async () => {
  const images = ['x', 'y', 'z'].map((name) => [`${name}:1`, ['base-of-all', name]] as const)
  for (const [name, files] of images) {
    await pushImage(client, `${registry.host}/${name}`, await makeImage(directory, files))
  }
  const cache = join(mkdtempSync(join(directory, 'cache-')), 'new')
  const args = [...images.flatMap(([name]) => ['-i', `${proxy.host}/${name}`]), '-c', cache]
  for (const { code, stderr } of await Promise.all([warmer(args), warmer(args)])) assert.equal(code, 0, stderr)
  const layers = [...(await makeImage(directory, ['base-of-all', 'x', 'y', 'z'])).layers]
  const counts = layers.map(
    ({ descriptor }) => proxy.requests.filter((line) => line.endsWith(descriptor.digest)).length,
  )
  assert.deepEqual(counts, [1, 1, 1, 1])
  assert.equal(JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8')).manifests.length, 3)
  assert.deepEqual(damagedBlobs(cache), [])
  assert.deepEqual(globSync('**/*.{lock,tmp}', { cwd: cache }), [])
})

test('warmers and prunes at once fail nowhere, and leave a directory that is whole', async () => {
  const names = ['p', 'q', 'r', 's'].map((name) => `${name}:1`)
  for (const name of names) {
    await pushImage(client, `${registry.host}/${name}`, await makeImage(directory, ['pruned-base', name.slice(0, 1)]))
  }
  const cache = join(mkdtempSync(join(directory, 'cache-')), 'new')
  const args = [...names.flatMap((name) => ['-i', `${proxy.host}/${name}`]), '-c', cache]
  assert.equal((await warmer(args)).code, 0)
  const repeatedly = async (...argv: readonly string[]): Promise<void> => {
    for (let round = 0; round < 4; round++) {
      const { code, stderr } = await warmer([...argv, '-v', 'warn', '--log-format=text'])
      assert.deepEqual([code, stderr], [0, ''])
    }
  }
  const refresh = [...args, '--cache-ttl=0s']
  const prune = ['prune', '-c', cache]
  const all = [refresh, refresh, [...prune, '--all'], [...prune, '--unused-since=1ms'], ['ls', '-c', cache]]
  await Promise.all(all.map((argv) => repeatedly(...argv)))
  assert.equal((await warmer(args)).code, 0)
  assert.equal(JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8')).manifests.length, 4)
  assert.deepEqual(damagedBlobs(cache), [])
  assert.deepEqual(globSync('**/*.{lock,tmp}', { cwd: cache }), [])
})

test('a warmer that is killed in the middle leaves nothing half done, and the next one completes it', async () => {
  const image = await makeImage(directory, ['killed'])
  await using slow = await stallingRegistry(image)
  const cache = join(mkdtempSync(join(directory, 'cache-')), 'new')
  const args = ['-i', `${slow.host}/app:1`, '-c', cache]
  let pid = 0
  const first = warmer(args, (started) => {
    pid = started
  })
  await slow.stalled
  process.kill(pid, 'SIGKILL')
  assert.equal((await first).signal, 'SIGKILL')
  assert.equal(existsSync(join(cache, 'index.json')), false)
  assert.equal(globSync('locks/*.lock', { cwd: cache }).length, 1, 'left behind')
  slow.release()
  const second = await warmer(args)
  assert.equal(second.code, 0, second.stderr)
  assert.deepEqual(damagedBlobs(cache), [])
  assert.deepEqual(globSync('locks/*.lock', { cwd: cache }), [])
})

test('a warmer that is told to stop says so, with the code of the signal, and leaves no lock', async () => {
  await using slow = await stallingRegistry(await makeImage(directory, ['stopped']))
  const cache = join(mkdtempSync(join(directory, 'cache-')), 'new')
  let pid = 0
  const running = warmer(['-i', `${slow.host}/app:1`, '-c', cache], (started) => {
    pid = started
  })
  await slow.stalled
  process.kill(pid, 'SIGTERM')
  const { code, stderr } = await running
  assert.equal(code, 143, stderr)
  assert.match(stderr, /error\[interrupted\].*: Interrupted by SIGTERM/)
  assert.doesNotMatch(stderr, /could not be warmed/)
  assert.deepEqual(globSync('**/*.{lock,tmp}', { cwd: cache }), [])
})

interface StallingRegistry extends RunningServer {
  /** Resolved once half of the layer is on its way. */
  readonly stalled: Promise<void>
  /** From now on the layer is sent whole. */
  release(): void
}

/** A registry that has one image, and stops in the middle of its layer. */
async function stallingRegistry(image: FinishedImage): Promise<StallingRegistry> {
  const [layer] = image.layers
  const bytes = await collect(openLayer(layer!), 1 << 20)
  let resolve: () => void = () => {}
  const stalled = new Promise<void>((done) => {
    resolve = done
  })
  let released = false
  const server = await startHttpServer((request, response) => {
    const url = request.url ?? ''
    if (url.includes('/manifests/')) {
      response.writeHead(200, { 'content-type': image.manifestDescriptor.mediaType }).end(image.manifestBytes)
    } else if (url.endsWith(image.configDescriptor.digest)) response.end(image.configBytes)
    else if (!url.endsWith(layer!.descriptor.digest)) response.end()
    else if (released) response.end(bytes)
    else {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, bytes.length / 2), () => resolve())
    }
  })
  return {
    ...server,
    stalled,
    release: () => {
      released = true
    },
  }
}
