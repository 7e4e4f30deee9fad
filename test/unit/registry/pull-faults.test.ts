import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { digestOf } from '../../../src/oci/digest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parseReference, parseRepository } from '../../../src/oci/reference.ts'
import { collect } from '../../../src/stream/bytes.ts'
import { type Answer, startFaulty } from './faulty-server.ts'
import { randomBlob, refusal, testClient } from './test-client.ts'

const manifest = Buffer.from('{"schemaVersion":2}')

function sendManifest(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, {
    'content-type': mediaTypes.ociManifest,
    'docker-content-digest': digestOf(manifest),
    ...headers,
  })
  response.end(manifest)
}

test('errors of the server are overcome by trying again', async () => {
  const answers = [500, 503]
  await using server = await startFaulty((_, response) => {
    const status = answers.shift()
    if (status === undefined) sendManifest(response)
    else response.writeHead(status).end()
  })
  await using t = testClient()
  const { descriptor } = await t.client.manifest(parseReference(`${server.host}/app`))
  assert.equal(descriptor.digest, digestOf(manifest))
  assert.deepEqual(server.requests, Array(3).fill('GET /v2/app/manifests/latest'))
})

test('an error of the server that lasts is told with its status after the last try', async () => {
  await using server = await startFaulty((_, response) => response.writeHead(502).end('<html>Bad Gateway</html>'))
  await using t = testClient()
  const words = [/answered 502$/m, new RegExp(`${server.host} has a problem of its own`)]
  await assert.rejects(
    t.client.manifest(parseReference(`${server.host}/app`)),
    refusal('registry-unreachable', ...words),
  )
  assert.equal(server.requests.length, 3)
  await assert.rejects(t.client.resolve(parseReference(`${server.host}/app`)), refusal('registry-unreachable'))
})

test('too many requests: Retry-After is waited for, and in the end the limit is named', async () => {
  let limited = 1
  await using server = await startFaulty((_, response) => {
    if (limited-- > 0) response.writeHead(429, { 'retry-after': '1' }).end()
    else sendManifest(response)
  })
  await using t = testClient()
  const reference = parseReference(`${server.host}/app`)
  const started = performance.now()
  await t.client.manifest(reference)
  assert.ok(performance.now() - started > 900)
  limited = 100
  await using impatient = testClient({ policy: { retries: 0 } })
  await assert.rejects(impatient.client.manifest(reference), refusal('registry-rate-limit', /--registry-mirror/))
})

const blob = randomBlob(3_000_000)

/** Serves the blob with Range, but breaks the connection after `pieces[n]` bytes of the n-th answer. */
function breaking(pieces: number[], ranges: (string | undefined)[]): Answer {
  return (request, response) => {
    const { range } = request.headers
    ranges.push(range)
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const rest = blob.bytes.subarray(from)
    const span = `bytes ${from}-${blob.bytes.length - 1}/${blob.bytes.length}`
    response.writeHead(range === undefined ? 200 : 206, { 'content-length': rest.length, 'content-range': span })
    const piece = pieces.shift()
    if (piece === undefined) response.end(rest)
    else response.write(rest.subarray(0, piece), () => setTimeout(() => request.socket.resetAndDestroy(), 30))
  }
}

test('a blob goes on where a broken connection left off', async () => {
  const ranges: (string | undefined)[] = []
  await using server = await startFaulty(breaking([1_000_000, 500_000], ranges))
  await using t = testClient()
  const bytes = await collect(t.client.openBlob(parseRepository(`${server.host}/app`), blob.descriptor), 1 << 22)
  assert.ok(bytes.equals(blob.bytes))
  assert.equal(ranges.length, 3)
  assert.equal(ranges[0], undefined)
  assert.match(ranges[1] ?? '', /^bytes=\d+-$/)
  const [second, third] = ranges.slice(1).map((range) => Number(range?.slice(6, -1)))
  assert.ok(second !== undefined && third !== undefined && second > 0 && third >= second && third <= 1_500_000)
})

test('connections that break without bringing much are not tried for ever', async () => {
  const ranges: (string | undefined)[] = []
  await using server = await startFaulty(breaking(Array(100).fill(10), ranges))
  await using t = testClient()
  const bytes = collect(t.client.openBlob(parseRepository(`${server.host}/app`), blob.descriptor), 1 << 22)
  await assert.rejects(
    bytes,
    refusal('registry-unreachable', new RegExp(server.host), new RegExp(blob.descriptor.digest)),
  )
  assert.equal(ranges.length, 3)
})

test('a server that cannot resume is read from the start again, and what was there before is left out', async () => {
  const refusals: readonly Answer[] = [
    (_, response) => response.writeHead(200, { 'content-length': blob.bytes.length }).end(blob.bytes),
    (_, response) => response.writeHead(416).end(),
    (_, response) => response.writeHead(206, { 'content-range': 'bytes 7-99/100' }).end('nonsense'),
    (_, response) => response.writeHead(206).end('nonsense'),
  ]
  for (const refuse of refusals) {
    let broken = false
    await using server = await startFaulty((request, response) => {
      if (request.headers.range !== undefined) return refuse(request, response)
      response.writeHead(200, { 'content-length': blob.bytes.length })
      if (broken) return void response.end(blob.bytes)
      broken = true
      response.write(blob.bytes.subarray(0, 2_000_000), () => setTimeout(() => request.socket.resetAndDestroy(), 30))
    })
    await using t = testClient()
    const bytes = await collect(t.client.openBlob(parseRepository(`${server.host}/app`), blob.descriptor), 1 << 22)
    assert.ok(bytes.equals(blob.bytes))
  }
})

test('a resumed blob of other bytes is refused at its end', async () => {
  await using server = await startFaulty((request, response) => {
    if (request.headers.range !== undefined) {
      const from = Number(request.headers.range.slice(6, -1))
      response.writeHead(206, { 'content-range': `bytes ${from}-` }).end(Buffer.alloc(blob.bytes.length - from))
    } else {
      response.writeHead(200)
      response.write(blob.bytes.subarray(0, 2_000_000), () => setTimeout(() => request.socket.resetAndDestroy(), 30))
    }
  })
  await using t = testClient()
  const bytes = collect(t.client.openBlob(parseRepository(`${server.host}/app`), blob.descriptor), 1 << 22)
  await assert.rejects(bytes, refusal('integrity', /hash to/))
})

test('an abort in the middle of a blob ends it with its own reason', async () => {
  await using server = await startFaulty((_, response) =>
    response.writeHead(200).write(blob.bytes.subarray(0, 100_000)),
  )
  await using t = testClient()
  const aborting = new AbortController()
  const reason = new Error('stop')
  const stream = t.client.openBlob(parseRepository(`${server.host}/app`), blob.descriptor, { signal: aborting.signal })
  const reading = (async () => {
    for await (const _ of stream) setTimeout(() => aborting.abort(reason), 20)
  })()
  await assert.rejects(reading, (error) => error === reason)
})

test('a HEAD that is refused or says too little is made up for by a GET', async () => {
  const heads: readonly Answer[] = [
    (_, response) => response.writeHead(405).end(),
    (_, response) => response.writeHead(403).end(),
    (_, response) => response.writeHead(404).end(),
    (_, response) => response.writeHead(200, { 'content-type': mediaTypes.ociManifest, 'content-length': '19' }).end(),
    (_, response) =>
      response.writeHead(200, { 'docker-content-digest': digestOf(manifest), 'content-length': '19' }).end(),
    (_, response) =>
      response.writeHead(200, { 'content-type': mediaTypes.ociManifest, 'docker-content-digest': 'md5:x' }).end(),
  ]
  for (const head of heads) {
    await using server = await startFaulty((request, response) => {
      if (request.method === 'HEAD') head(request, response)
      else sendManifest(response)
    })
    await using t = testClient()
    const expected = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.length }
    assert.deepEqual(await t.client.resolve(parseReference(`${server.host}/app:1`)), expected)
  }
})

test('a complete answer to HEAD is enough, and says that all four kinds of manifest are welcome', async () => {
  let accept = ''
  await using server = await startFaulty((request, response) => {
    accept = request.headers.accept ?? ''
    sendManifest(response, { 'content-length': String(manifest.length) })
  })
  await using t = testClient()
  await t.client.resolve(parseReference(`${server.host}/app:1`))
  assert.deepEqual(server.requests, ['HEAD /v2/app/manifests/1'])
  const types = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerList, mediaTypes.dockerManifest]
  assert.deepEqual(accept.split(', ').sort(), [...types].sort())
})

test('the digest that a registry names for a manifest must be right if it is comparable', async () => {
  const headers: Record<string, string> = {}
  await using server = await startFaulty((_, response) => sendManifest(response, headers))
  await using t = testClient()
  const reference = parseReference(`${server.host}/app:1`)
  headers['docker-content-digest'] = digestOf('other')
  await assert.rejects(t.client.manifest(reference), refusal('integrity', new RegExp(digestOf('other'))))
  headers['docker-content-digest'] = 'nonsense'
  assert.equal((await t.client.manifest(reference)).descriptor.digest, digestOf(manifest))
})

test('a manifest of more than 4 MiB is refused', async () => {
  await using server = await startFaulty((_, response) => response.end(Buffer.alloc((4 << 20) + 1, 32)))
  await using t = testClient()
  await assert.rejects(
    t.client.manifest(parseReference(`${server.host}/app`)),
    refusal('manifest-invalid', /larger than 4 MiB/),
  )
})

test('what a registry says is shown without control characters, shortened, and only if it is text', async () => {
  const bodies: readonly (readonly [string | Buffer, RegExp])[] = [
    [
      '{"errors":[{"code":"DENIED","message":"no\\u001b[31m way"},{"code":"X"}]}',
      /answered 400: DENIED: no\\u001b\[31m way; X$/m,
    ],
    ['{"message":"plain"}', /answered 400: plain$/m],
    ['just text', /answered 400: just text$/m],
    ['<html><body>login</body></html>', /answered 400$/m],
    [Buffer.alloc(5_000_000, 'a'), /answered 400: a{400}$/m],
    ['', /answered 400$/m],
  ]
  for (const [body, words] of bodies) {
    await using server = await startFaulty((_, response) => response.writeHead(400).end(body))
    await using t = testClient()
    await assert.rejects(t.client.manifest(parseReference(`${server.host}/app`)), refusal('registry-refused', words))
  }
})
