import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { cacheSummary } from '../support/hearth.ts'
import { startHttpServer } from '../support/http-server.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()

/** A file that can be changed, with an ETag that follows it unless the server lies. */
class File {
  content = 'first\n'
  etag: string | undefined

  answer = (request: IncomingMessage, response: ServerResponse): void => {
    const etag = this.etag ?? `"${createHash('sha256').update(this.content).digest('hex')}"`
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end()
      return
    }
    response.writeHead(200, { etag, 'content-length': Buffer.byteLength(this.content) })
    response.end(request.method === 'HEAD' ? undefined : this.content)
  }
}

function dockerfile(address: string): string {
  return `FROM ${scene.busybox}\nADD ${address} /file\nRUN cat /file > /copy`
}

test('a file from the web is not downloaded again while its server says that it is the same', async () => {
  const file = new File()
  await using server = await startHttpServer(file.answer)
  const args = ['--cache', '--cache-dir', scene.newDirectory()]
  const request = { dockerfile: dockerfile(`http://${server.host}/file`), args }
  await scene.image(request)
  const again = await scene.image(request)
  assert.equal(cacheSummary(again.result).misses, 0)
  assert.deepEqual(server.requests, ['GET /file', 'HEAD /file'])
  file.content = 'second\n'
  const changed = await scene.image(request)
  assert.equal(cacheSummary(changed.result).misses, 2)
  assert.deepEqual(server.requests.slice(2), ['HEAD /file', 'GET /file'])
  file.content = 'first\n'
  const back = await scene.image(request)
  assert.equal(cacheSummary(back.result).misses, 0)
})

test('a server that says "unchanged" of what has changed makes one build fail and no wrong layer', async () => {
  const file = new File()
  file.etag = '"always the same"'
  await using server = await startHttpServer(file.answer)
  const args = ['--cache', '--cache-dir', scene.newDirectory(), '--no-push']
  const request = { dockerfile: dockerfile(`http://${server.host}/file`), args }
  assert.equal((await scene.attempt(request)).code, 0)
  file.content = 'second\n'
  const other = { ...request, dockerfile: request.dockerfile.replace('ADD', 'RUN true\nADD') }
  assertClearError(await scene.attempt(other), [/not what its server said it was/])
  const { result, tree } = await scene.image({ ...other, args: args.slice(0, 3) })
  assert.equal(result.code, 0)
  assert.equal((await tree()).get('copy')?.size, 7)
})

test('an address without a file name gives a file of the name that BuildKit gives it', async () => {
  const file = new File()
  await using server = await startHttpServer(file.answer)
  const { tree } = await scene.image({ dockerfile: `FROM scratch\nADD http://${server.host}/ /files/` })
  assert.equal((await tree()).get('files/__unnamed__')?.size, 6)
})
