import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { HearthError } from '../../../src/errors.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { type Bytes, bytesOf, collect } from '../../../src/stream/bytes.ts'
import { decompress, decompressDetected, gzip } from '../../../src/stream/compression.ts'
import { DigestingStream } from '../../../src/stream/digesting.ts'
import { verify } from '../../../src/stream/verify.ts'

const text = Buffer.from('hearth '.repeat(50_000))

async function* inPieces(bytes: Uint8Array, size: number): Bytes {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('gzip of equal input is equal, whatever the chunks were', async () => {
  const a = await collect(gzip(inPieces(text, 7), 6), 1 << 30)
  const b = await collect(gzip(bytesOf(text), 6), 1 << 30)
  assert.ok(a.equals(b))
  assert.ok((await collect(decompress(bytesOf(a), 'gzip'), 1 << 30)).equals(text))
})

for (const [name, bytes] of [
  ['gzip', gzipSync(text)],
  ['zstd', zstdCompressSync(text)],
  ['plain', text],
] as const) {
  test(`${name} is recognised by its bytes, even one at a time`, async () => {
    assert.ok((await collect(decompressDetected(inPieces(bytes, 1000)), 1 << 30)).equals(text))
  })
}

test('gzip that was cut off or damaged is an error that says so', async () => {
  const whole = gzipSync(text)
  await assert.rejects(collect(decompress(bytesOf(whole.subarray(0, whole.length - 4)), 'gzip'), 1 << 30), HearthError)
  const flipped = Buffer.from(whole)
  flipped[flipped.length - 6] = (flipped[flipped.length - 6] ?? 0) ^ 0xff
  await assert.rejects(collect(decompress(bytesOf(flipped), 'gzip'), 1 << 30), HearthError)
})

test('an error of the source reaches the reader of the compressed stream', async () => {
  async function* failing(): Bytes {
    yield text
    throw new Error('source broke')
  }
  await assert.rejects(collect(gzip(failing(), 1), 1 << 30), /source broke/)
})

test('leaving a compressed stream early ends its source', async () => {
  let ended = false
  async function* endless(): Bytes {
    try {
      for (;;) yield text
    } finally {
      ended = true
    }
  }
  for await (const _ of gzip(endless(), 1)) break
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(ended)
})

test('verify passes the right bytes and refuses short, long and different ones', async () => {
  const promised = { digest: digestOf(text), size: text.length }
  assert.ok((await collect(verify(inPieces(text, 4096), promised), 1 << 30)).equals(text))
  const because = (why: RegExp) => (error: unknown) => error instanceof HearthError && why.test(error.why ?? '')
  await assert.rejects(collect(verify(bytesOf(text.subarray(1)), promised), 1 << 30), because(/not the promised/))
  await assert.rejects(collect(verify(bytesOf(Buffer.concat([text, text])), promised), 1 << 30), because(/longer/))
  const other = Buffer.from(text)
  other[5] = 0
  await assert.rejects(collect(verify(bytesOf(other), promised), 1 << 30), because(/hash to/))
})

test('verify stops reading once there is more than was promised', async () => {
  let sent = 0
  async function* flood(): Bytes {
    for (;;) {
      sent += 1
      yield text
    }
  }
  await assert.rejects(collect(verify(flood(), { digest: digestOf(text), size: text.length }), 1 << 30))
  assert.equal(sent, 2)
})

test('collect refuses to hold more than it was told', async () => {
  await assert.rejects(collect(inPieces(text, 100), 1000), RangeError)
})

test('a digesting stream counts and hashes what passes', async () => {
  const digesting = new DigestingStream()
  await collect(digesting.pass(inPieces(text, 333)), 1 << 30)
  assert.equal(digesting.size, text.length)
  assert.equal(digesting.digest(), digestOf(text))
})
