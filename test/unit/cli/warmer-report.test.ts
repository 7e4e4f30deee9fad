import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { WarmReport } from '../../../warmer/report.ts'
import { startHttpServer } from '../../support/http-server.ts'
import { noInput } from '../../support/no-input.ts'
import { amd64, arm64, makeImage, pushImage, pushIndex } from '../warmer/publish.ts'
import { openWarmScene } from '../warmer/scene.ts'
import { type Run, runWarmerWith } from './run-warmer.ts'

const { directory, registry, proxy, client } = await openWarmScene()
const cwd = mkdtempSync(join(directory, 'cwd-'))

function newCache(): string {
  return join(mkdtempSync(join(directory, 'cache-')), 'new')
}

function run(...argv: readonly string[]): Promise<Run> {
  return runWarmerWith([...argv, '--log-format=text'], { cwd })
}

async function publish(name: string, ...files: readonly string[]): Promise<string> {
  await pushImage(client, `${registry.host}/${name}`, await makeImage(directory, files))
  return `${proxy.host}/${name}`
}

test('the JSON of standard output and of --report is the same, with a row for each image and each failure', async () => {
  const name = await publish('moving:1', 'shared', 'old')
  const cache = newCache()
  const [old] = (JSON.parse((await run('-i', name, '-c', cache, '--format=json')).stdout) as WarmReport).images
  await publish('moving:1', 'shared', 'next')
  writeFileSync(join(cwd, 'list'), `${name} linux/amd64\n${proxy.host}/gone:1 linux/amd64\nBAD\n`)
  const argv = ['--image-list=list', '-c', cache, '--cache-ttl=0s', '--format=json', '--report=report.json']
  const { code, stdout, stderr } = await run(...argv)
  assert.equal(code, 32, stderr)
  assert.equal(stdout, readFileSync(join(cwd, 'report.json'), 'utf8'))
  const report = JSON.parse(stdout) as WarmReport
  assert.deepEqual([report.version, report.cacheDir], [1, cache])
  const [bad, moved, gone] = report.images
  const layers = (await makeImage(directory, ['shared', 'next'])).layers.map(({ descriptor }) => descriptor)
  const { digest } = (await makeImage(directory, ['shared', 'next'])).manifestDescriptor
  assert.ok((moved?.seconds ?? -1) >= 0)
  assert.deepEqual(
    { ...moved, seconds: 0 },
    {
      platform: 'linux/amd64',
      outcome: 'refreshed',
      digest,
      resolved: digest,
      previousDigest: old?.digest,
      layers: 2,
      size: layers.reduce((sum, { size }) => sum + size, 0),
      layersTransferred: 1,
      bytesTransferred: layers[1]?.size,
      seconds: 0,
      wantedBy: ['list:1'],
      error: null,
      reference: name,
    },
  )
  assert.deepEqual([bad?.reference, bad?.platform, bad?.outcome], ['BAD', null, 'failed'])
  assert.deepEqual([bad?.error?.code, bad?.error?.where], ['reference-invalid', 'list:3'])
  assert.deepEqual([gone?.outcome, gone?.digest, gone?.error?.code], ['failed', null, 'registry-not-found'])
  assert.ok(gone?.error?.fix)
})

test('the table is for people: not printed when only warnings are wanted', async () => {
  const name = await publish('table:1', 'table')
  const cache = newCache()
  assert.match((await run('-i', name, '-c', cache)).stdout, /^OUTCOME .*\nwarmed .*table:1 /)
  assert.equal((await run('-i', name, '-c', cache, '-v', 'warn')).stdout, '')
  assert.match((await run('-i', name, '-c', cache)).stdout, /\npresent .* 1 +- +0\.\d\n$/)
})

test('a report and a lock that cannot be written are errors before anything is transferred', async () => {
  const name = await publish('nowhere:1', 'nowhere')
  mkdirSync(join(cwd, 'directory'))
  const before = proxy.requests.length
  for (const flag of ['--report', '--lock-file']) {
    const { code, stderr } = await run('-i', name, '-c', newCache(), `${flag}=directory`)
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^error\\[output-failed\\]: .*${flag}.*\n(?:.*\n)*.*it is a directory`))
  }
  assert.deepEqual(proxy.requests.slice(before), [])
})

test('a report is written in place where there is a file: it may be a mount, as the termination log is', async () => {
  const name = await publish('placed:1', 'placed')
  writeFileSync(join(cwd, 'log'), 'x'.repeat(10_000))
  const { ino } = statSync(join(cwd, 'log'))
  assert.equal((await run('-i', name, '-c', newCache(), '--report=log')).code, 0)
  assert.equal(statSync(join(cwd, 'log')).ino, ino)
  assert.equal(JSON.parse(readFileSync(join(cwd, 'log'), 'utf8')).images.length, 1)
})

test('twenty unchanged images whose tags are too old cost twenty HEAD requests, and fresh ones none', async () => {
  const names = await Promise.all(Array.from({ length: 20 }, (_, i) => publish(`many-${i}:1`, 'base', `many-${i}`)))
  writeFileSync(join(cwd, 'many'), names.join('\n'))
  const cache = newCache()
  assert.equal((await run('--image-list=many', '-c', cache)).code, 0)
  const requestsOf = async (...argv: readonly string[]): Promise<readonly string[]> => {
    const before = proxy.requests.length
    const { code, stderr } = await run('--image-list=many', '-c', cache, ...argv)
    assert.equal(code, 0, stderr)
    return proxy.requests.slice(before).filter((line) => line !== 'GET /v2/')
  }
  assert.deepEqual(await requestsOf(), [])
  const heads = Array.from({ length: 20 }, (_, i) => `HEAD /v2/many-${i}/manifests/1`)
  assert.deepEqual([...(await requestsOf('--cache-ttl=0s'))].sort(), heads.sort())
})

test('platforms of one tag are asked for together: one HEAD when it is there, one GET of the index when not', async () => {
  await pushIndex(client, `${registry.host}/both:1`, [
    [amd64, await makeImage(directory, ['both'])],
    [arm64, await makeImage(directory, ['both-arm'], arm64)],
  ])
  const name = `${proxy.host}/both:1`
  const cache = newCache()
  const argv = ['-i', name, '-c', cache, '--custom-platform=linux/amd64,linux/arm64', '--cache-ttl=0s', '--format=json']
  const tagRequests = async (): Promise<readonly string[]> => {
    const before = proxy.requests.length
    const { images } = JSON.parse((await run(...argv)).stdout) as WarmReport
    assert.deepEqual(
      images.map(({ platform }) => platform),
      ['linux/amd64', 'linux/arm64'],
    )
    assert.equal(new Set(images.map(({ resolved }) => resolved)).size, 1)
    assert.equal(new Set(images.map(({ digest }) => digest)).size, 2)
    return proxy.requests.slice(before).filter((line) => line.endsWith('/manifests/1'))
  }
  assert.deepEqual(await tagRequests(), ['GET /v2/both/manifests/1'])
  assert.deepEqual(await tagRequests(), ['HEAD /v2/both/manifests/1'])
})

test('a tag that moves to an image which is there needs a HEAD and nothing more', async () => {
  const [a, b] = [await publish('alias:1', 'same'), await publish('alias:2', 'other')]
  const cache = newCache()
  await run('-i', a, '-i', b, '-c', cache)
  await publish('alias:2', 'same')
  const before = proxy.requests.length
  const { images } = JSON.parse(
    (await run('-i', b, '-c', cache, '--cache-ttl=0s', '--format=json')).stdout,
  ) as WarmReport
  assert.equal(images[0]?.digest, (await makeImage(directory, ['same'])).manifestDescriptor.digest)
  const requests = proxy.requests.slice(before).filter((line) => line !== 'GET /v2/')
  assert.deepEqual(requests, ['HEAD /v2/alias/manifests/2'])
})

test('a long download says from time to time how far it is', async () => {
  const image = await makeImage(directory, ['long'])
  const [layer] = image.layers
  let release: (() => void) | undefined
  await using slow = await startHttpServer((request, response) => {
    const url = request.url ?? ''
    const target = `http://${registry.host}${url.replace('/v2/slow/', '/v2/long/')}`
    fetch(target, { headers: { accept: request.headers.accept ?? '' } }).then(async (answer) => {
      const bytes = Buffer.from(await answer.arrayBuffer())
      response.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type') ?? '',
        'content-length': bytes.length,
      })
      if (!url.endsWith(layer?.descriptor.digest ?? '')) return response.end(bytes)
      response.write(bytes.subarray(0, 100))
      release = () => response.end(bytes.subarray(100))
      return undefined
    })
  })
  await publish('long:1', 'long')
  const lines: string[] = []
  const stderr = {
    write: (text: string) => {
      lines.push(text)
      if (lines.some((line) => /0 of 1 image, 0\.1 of /.test(line))) release?.()
    },
  }
  const { runWarmer } = await import('../../../src/cli/warmer.ts')
  const argv = ['-i', `${slow.host}/slow:1`, '-c', newCache(), '--progress=20ms', '--log-format=text']
  const common = { command: [], stdin: noInput, env: { HOME: '/nonexistent' }, cwd, stdout: { write: () => {} } }
  const code = await runWarmer({ ...common, argv, stderr, signal: AbortSignal.timeout(60_000) })
  assert.equal(code, 0, lines.join(''))
  assert.ok(
    lines.some((line) => /^INFO 0 of 1 image, 0\.1 of 0\.[23] kB\n$/.test(line)),
    lines.join(''),
  )
})
