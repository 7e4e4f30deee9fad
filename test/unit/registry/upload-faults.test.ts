import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../src/oci/digest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parseRepository } from '../../../src/oci/reference.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'
import { type Answer, startFaulty } from './faulty-server.ts'
import { push, randomBlob, refusal, testClient } from './test-client.ts'

const manifest = Buffer.from('{"schemaVersion":2}')

interface UploadFaults {
  /** For each PUT the status to answer with; "reset" breaks the connection; 201 when there are no more. */
  readonly puts?: (number | 'reset')[]
  readonly mount?: number
  readonly location?: (host: string) => string
  readonly stored?: string
}

/** A registry that knows no blob and takes every upload, apart from its faults. */
function uploads(faults: UploadFaults, received: Buffer[]): Answer {
  return (request, response) => {
    if (request.method === 'HEAD') return void response.writeHead(404).end()
    if (request.url?.includes('mount=') && faults.mount !== undefined)
      return void response.writeHead(faults.mount).end()
    const location = faults.location?.(request.headers.host ?? '') ?? '/v2/app/blobs/uploads/1?_state=a%2Fb'
    if (request.method === 'POST') return void response.writeHead(202, { location }).end()
    const fault = faults.puts?.shift() ?? 201
    if (fault === 'reset') return void setTimeout(() => request.socket.resetAndDestroy(), 20)
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      received.push(Buffer.concat(chunks))
      response.writeHead(fault, faults.stored === undefined ? {} : { 'docker-content-digest': faults.stored }).end()
    })
  }
}

const small = randomBlob(100_000)
const put = `PUT /v2/app/blobs/uploads/1?_state=a%2Fb&digest=${encodeURIComponent(small.descriptor.digest)}`

test('a failed upload starts again from its beginning with a new session', async () => {
  for (const fault of [500, 404, 'reset', 429] as const) {
    const received: Buffer[] = []
    await using server = await startFaulty(uploads({ puts: [fault, fault] }, received))
    await using t = testClient()
    let opened = 0
    const open = () => {
      opened++
      return bytesOf(small.bytes)
    }
    assert.equal(await t.client.pushBlob(parseRepository(`${server.host}/app`), small.descriptor, { open }), 'uploaded')
    assert.equal(opened, 3)
    assert.deepEqual(received.at(-1), small.bytes)
    const start = 'POST /v2/app/blobs/uploads/'
    assert.deepEqual(server.requests.slice(1), [start, put, start, put, start, put])
  }
})

test('an upload that fails every time, or is refused, is told', async () => {
  await using failing = await startFaulty(uploads({ puts: [500, 500, 500] }, []))
  await using refusing = await startFaulty(uploads({ puts: [413] }, []))
  await using t = testClient()
  await assert.rejects(
    push(t.client, parseRepository(`${failing.host}/app`), small),
    refusal('registry-unreachable', /answered 500/),
  )
  await assert.rejects(
    push(t.client, parseRepository(`${refusing.host}/app`), small),
    refusal('registry-refused', /answered 413/),
  )
  assert.equal(refusing.requests.length, 3)
})

test('the address of an upload may be relative or absolute, but must not lead elsewhere', async () => {
  const received: Buffer[] = []
  await using server = await startFaulty(
    uploads({ location: (host) => `http://${host}/v2/app/blobs/uploads/1` }, received),
  )
  await using t = testClient()
  await push(t.client, parseRepository(`${server.host}/app`), small)
  assert.equal(server.requests.at(-1), put.replace('_state=a%2Fb&', ''))
  for (const location of ['http://169.254.169.254/x', 'http://10.0.0.1/x', 'ftp://r.example/x']) {
    await using evil = await startFaulty(uploads({ location: () => location }, received))
    await assert.rejects(
      push(t.client, parseRepository(`${evil.host}/app`), small),
      refusal('registry-refused', /must not lead|not a web/),
    )
  }
  assert.equal(received.length, 1)
})

test('a refused mount turns into an upload', async () => {
  for (const mount of [202, 400, 401, 404, 405]) {
    const received: Buffer[] = []
    const faults = mount === 202 ? {} : { mount }
    await using server = await startFaulty(uploads(faults, received))
    await using t = testClient()
    const mountFrom = parseRepository(`${server.host}/base`)
    const open = () => bytesOf(small.bytes)
    const outcome = await t.client.pushBlob(parseRepository(`${server.host}/app`), small.descriptor, {
      open,
      mountFrom,
    })
    assert.deepEqual([outcome, received.length], ['uploaded', 1])
    assert.match(server.requests[1] ?? '', /uploads\/\?mount=sha256%3A[0-9a-f]{64}&from=base$/)
    assert.equal(server.requests.length, mount === 202 ? 3 : 4)
  }
})

test('no mount is asked for from another registry', async () => {
  await using server = await startFaulty(uploads({}, []))
  await using t = testClient()
  const o = { open: () => bytesOf(small.bytes), mountFrom: parseRepository('other.example/base') }
  await t.client.pushBlob(parseRepository(`${server.host}/app`), small.descriptor, o)
  assert.deepEqual(server.requests.slice(1), ['POST /v2/app/blobs/uploads/', put])
})

test('a registry that stored something else is not believed', async () => {
  const stored = digestOf('other')
  await using server = await startFaulty(uploads({ stored }, []))
  await using t = testClient()
  const repository = parseRepository(`${server.host}/app`)
  await assert.rejects(push(t.client, repository, small), refusal('integrity', new RegExp(`stored it as ${stored}`)))
  const sent = t.client.pushManifest({ ...repository, tag: '1' }, manifest, { mediaType: mediaTypes.ociManifest })
  await assert.rejects(sent, refusal('integrity', new RegExp(stored)))
})

test('damage in the bytes to push stops the push and is told as it is', async () => {
  await using server = await startFaulty(uploads({}, []))
  await using t = testClient()
  const wrong = randomBlob(100_000)
  const source = await startFaulty((_, response) => response.end(wrong.bytes))
  const open = () => t.client.openBlob(parseRepository(`${source.host}/base`), small.descriptor)
  const sent = t.client.pushBlob(parseRepository(`${server.host}/app`), small.descriptor, { open })
  await assert.rejects(
    sent,
    refusal('integrity', new RegExp(`Blob ${small.descriptor.digest} is not what was promised`)),
  )
  await source[Symbol.asyncDispose]()
  assert.equal(server.requests.filter((request) => request.startsWith('POST')).length, 1)
})

test('a refusal in the middle of a large upload ends it at once', async () => {
  await using server = await startFaulty((request, response) => {
    if (request.method === 'HEAD') return void response.writeHead(404).end()
    if (request.method === 'POST') return void response.writeHead(202, { location: '/v2/app/blobs/uploads/1' }).end()
    request.once('data', () => response.writeHead(413, { connection: 'close' }).end('too large'))
  })
  await using t = testClient()
  const sent = push(t.client, parseRepository(`${server.host}/app`), randomBlob(30_000_000))
  await assert.rejects(sent, refusal('registry-refused', /answered 413: too large/))
  assert.equal(server.requests.length, 3)
})
