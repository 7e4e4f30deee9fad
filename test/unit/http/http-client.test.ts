import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { HearthError } from '../../../src/errors.ts'
import { createHttpClient, discardBody, type HttpClientOptions } from '../../../src/http/http-client.ts'
import { requestPersistently } from '../../../src/http/persistent-request.ts'
import { downloadRedirects } from '../../../src/http/redirects.ts'
import { responseBody } from '../../../src/http/response-body.ts'
import { TransportError } from '../../../src/http/transport-error.ts'
import { collect } from '../../../src/stream/bytes.ts'
import { selfSignedCertificate } from '../../support/certificate.ts'
import { startHttpServer } from '../../support/http-server.ts'
import { freePort } from '../../support/ports.ts'

function client(o: Partial<HttpClientOptions> = {}) {
  return createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'hearth/test', ...o })
}

function failsWith(code: string, words: RegExp = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof TransportError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, words)
    return true
  }
}

test('an answer comes with status, headers and undecoded body', async () => {
  const packed = gzipSync('hello')
  await using server = await startHttpServer((request, response) => {
    response.writeHead(201, {
      'content-encoding': 'gzip',
      'x-agent': request.headers['user-agent'],
      'x-two': ['a', 'b'],
    })
    response.end(packed)
  })
  await using http = client()
  const response = await http.request({ method: 'GET', url: new URL(`http://${server.host}/x?y=1`) })
  assert.equal(response.status, 201)
  assert.equal(response.headers['x-agent'], 'hearth/test')
  assert.equal(response.headers['x-two'], 'a, b')
  assert.deepEqual(await collect(response.body, 1000), packed)
  assert.deepEqual(server.requests, ['GET /x?y=1'])
})

test('a streamed body is sent with its length', async () => {
  await using server = await startHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => response.end(`${request.headers['content-length']} ${Buffer.concat(chunks)}`))
  })
  await using http = client()
  async function* body() {
    yield Buffer.from('one ')
    yield Buffer.from('two')
  }
  const url = new URL(`http://${server.host}/`)
  const response = await http.request({ method: 'PUT', url, body: body(), contentLength: 7 })
  assert.equal(String(await collect(response.body, 100)), '7 one two')
})

test('what the source of a body throws comes out as it is', async () => {
  await using server = await startHttpServer((request) => request.resume())
  await using http = client()
  const trouble = new HearthError({ code: 'integrity', message: 'the layer is damaged' })
  // biome-ignore lint/correctness/useYield: it fails before its first chunk
  async function* body(): AsyncGenerator<Uint8Array> {
    throw trouble
  }
  const sent = http.request({ method: 'PUT', url: new URL(`http://${server.host}/`), body: body(), contentLength: 7 })
  await assert.rejects(sent, (error) => error === trouble)
})

test('nobody listening, no such name and a reset are told apart', async () => {
  await using http = client()
  const closed = await freePort()
  await assert.rejects(
    http.request({ method: 'GET', url: new URL(`http://127.0.0.1:${closed}/`) }),
    failsWith('ECONNREFUSED', /nothing listens/),
  )
  await assert.rejects(
    http.request({ method: 'GET', url: new URL('http://no-such-host.invalid/') }),
    (error: TransportError) => ['ENOTFOUND', 'EAI_AGAIN'].includes(error.code),
  )
  await using server = await startHttpServer((request) => request.socket.resetAndDestroy())
  await assert.rejects(
    http.request({ method: 'GET', url: new URL(`http://${server.host}/`) }),
    (error: TransportError) => ['ECONNRESET', 'UND_ERR_SOCKET'].includes(error.code) && error.transient,
  )
})

test('a server that never answers, or stalls in the middle, is given up after the idle time', async () => {
  await using server = await startHttpServer((request, response) => {
    if (request.url === '/body') response.writeHead(200, { 'content-length': '100' }).write('some')
  })
  await using http = client({ timeouts: { idle: 300 } })
  await assert.rejects(
    http.request({ method: 'GET', url: new URL(`http://${server.host}/never`) }),
    failsWith('UND_ERR_HEADERS_TIMEOUT', /no answer/),
  )
  const response = await http.request({ method: 'GET', url: new URL(`http://${server.host}/body`) })
  await assert.rejects(collect(response.body, 1000), failsWith('UND_ERR_BODY_TIMEOUT', /stalled/))
})

test('a transfer that crawls is given up although it never stalls', async () => {
  async function* crawl() {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      yield Buffer.from('x')
    }
  }
  const body = responseBody(crawl(), {
    host: 'slow.example',
    slowest: { bytes: 1000, windowMs: 100 },
    signal: undefined,
  })
  await assert.rejects(collect(body, 1000), failsWith('TOO_SLOW', /slow\.example: only \d+ bytes came/))
})

test('a slow reader is no slow transfer', async () => {
  async function* fast() {
    for (let i = 0; i < 6; i++) yield Buffer.from('x')
  }
  const body = responseBody(fast(), { host: 'h', slowest: { bytes: 1000, windowMs: 50 }, signal: undefined })
  for await (const _ of body) await new Promise((resolve) => setTimeout(resolve, 20))
})

test('headers beyond the limit are refused', async () => {
  await using server = await startHttpServer((_, response) =>
    response.writeHead(200, { 'x-long': 'x'.repeat(60_000) }).end(),
  )
  await using http = client()
  await assert.rejects(
    http.request({ method: 'GET', url: new URL(`http://${server.host}/`) }),
    failsWith('UND_ERR_HEADERS_OVERFLOW', /too large/),
  )
})

test('an abort ends a request with its own reason', async () => {
  await using server = await startHttpServer(() => {})
  await using http = client()
  const aborting = new AbortController()
  const reason = new Error('stop')
  const sent = http.request({ method: 'GET', url: new URL(`http://${server.host}/`), signal: aborting.signal })
  setTimeout(() => aborting.abort(reason), 50)
  await assert.rejects(sent, (error) => error === reason)
})

test('a redirect to another port does not carry the login along', async () => {
  await using storage = await startHttpServer((request, response) => response.end(JSON.stringify(request.headers)))
  await using server = await startHttpServer((_, response) =>
    response.writeHead(307, { location: `http://${storage.host}/blob` }).end(),
  )
  await using http = client()
  const headers = { authorization: 'Bearer secret', 'x-own': 'secret', range: 'bytes=1-' }
  const url = new URL(`http://${server.host}/`)
  const response = await http.request({ method: 'GET', url, headers, redirects: downloadRedirects })
  const seen = JSON.parse(String(await collect(response.body, 10_000)))
  assert.deepEqual([seen.authorization, seen['x-own'], seen.range], [undefined, undefined, 'bytes=1-'])
  assert.equal(response.url.href, `http://${storage.host}/blob`)
})

test('without a policy a redirect is an answer; with one, a loop ends', async () => {
  await using server = await startHttpServer((_, response) => response.writeHead(302, { location: '/again' }).end())
  await using http = client()
  const url = new URL(`http://${server.host}/`)
  const plain = await http.request({ method: 'GET', url })
  assert.equal(plain.status, 302)
  await discardBody(plain)
  await assert.rejects(
    http.request({ method: 'GET', url, redirects: downloadRedirects }),
    failsWith('REDIRECT', /more than 5/),
  )
  assert.equal(server.requests.length, 7)
})

test('a certificate is judged by the rules for its host', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hearth-tls-'))
  const files = selfSignedCertificate(directory)
  const cert = readFileSync(files.cert, 'utf8')
  const server = createTlsServer({ cert, key: readFileSync(files.key) }, (_, response) => response.end('secure'))
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  try {
    const get = async (tls: HttpClientOptions['tls']) => {
      await using http = client({ tls })
      const response = await http.request({ method: 'GET', url: new URL(`https://127.0.0.1:${port}/`) })
      return String(await collect(response.body, 100))
    }
    await assert.rejects(
      get(() => ({ rejectUnauthorized: true })),
      failsWith('DEPTH_ZERO_SELF_SIGNED_CERT', /self-signed/),
    )
    assert.equal(await get(() => ({ rejectUnauthorized: true, ca: [cert] })), 'secure')
    assert.equal(await get((host) => ({ rejectUnauthorized: host !== `127.0.0.1:${port}` })), 'secure')
  } finally {
    server.closeAllConnections()
    server.close()
    rmSync(directory, { recursive: true })
  }
})

test('https goes through a proxy as a tunnel, http as a forwarded request, each with the login of the proxy', async () => {
  const seen: string[] = []
  await using target = await startHttpServer((_, response) => response.end('from the target'))
  const [targetHost = '', targetPort = ''] = target.host.split(':')
  await using proxy = await startHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`)
    response.end('forwarded')
  })
  const tunnels = createServer((socket) => {
    socket.once('data', (head) => {
      seen.push(String(head).split('\r\n')[0] ?? '')
      const onward = connect(Number(targetPort), targetHost)
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(onward).pipe(socket)
      onward.on('error', () => socket.destroy())
    })
    socket.on('error', () => {})
  })
  const port = await freePort()
  await new Promise<void>((resolve) => tunnels.listen(port, '127.0.0.1', resolve))
  await using http = client({ proxy: { http: `http://me:pass@${proxy.host}`, https: `http://127.0.0.1:${port}` } })
  const response = await http.request({ method: 'GET', url: new URL('http://registry.example/v2/') })
  assert.equal(String(await collect(response.body, 100)), 'forwarded')
  // The tunnel leads to a server without TLS, so the handshake in it fails; what counts is that it was asked for.
  await assert.rejects(http.request({ method: 'GET', url: new URL('https://registry.example/v2/') }))
  tunnels.close()
  assert.deepEqual(seen, [
    `GET http://registry.example/v2/ Basic ${btoa('me:pass')}`,
    'CONNECT registry.example:443 HTTP/1.1',
  ])
})

test('a passing trouble is overcome by trying again, a lasting one ends with the last answer', async () => {
  let failures = 2
  await using server = await startHttpServer((_, response) => response.writeHead(failures-- > 0 ? 503 : 200).end())
  await using http = client()
  const troubles: string[] = []
  const persistence = {
    retries: 3,
    backOff: { firstMs: 1, longestMs: 2 },
    onRetry: (trouble: string) => troubles.push(trouble),
  }
  const send = () => http.request({ method: 'GET', url: new URL(`http://${server.host}/`) })
  const good = await requestPersistently(send, persistence)
  assert.equal(good.status, 200)
  assert.deepEqual(troubles, ['status 503', 'status 503'])
  failures = 100
  const bad = await requestPersistently(send, persistence)
  assert.equal(bad.status, 503)
  assert.equal(server.requests.length, 3 + 4)
})

test('an abort ends the wait between two tries', async () => {
  await using server = await startHttpServer((_, response) => response.writeHead(429, { 'retry-after': '50' }).end())
  await using http = client()
  const aborting = new AbortController()
  const reason = new Error('stop')
  const send = () => http.request({ method: 'GET', url: new URL(`http://${server.host}/`) })
  const onRetry = () => setTimeout(() => aborting.abort(reason), 10)
  const work = requestPersistently(send, {
    retries: 3,
    backOff: { firstMs: 1, longestMs: 2 },
    onRetry,
    signal: aborting.signal,
  })
  await assert.rejects(work, (error) => error === reason)
})
