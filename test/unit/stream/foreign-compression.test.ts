import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { type Bytes, bytesOf, collect } from '../../../src/stream/bytes.ts'
import { bunzip2 } from '../../../src/stream/bzip2.ts'
import { decompressDetected } from '../../../src/stream/compression.ts'

const most = 1 << 30

function by(program: string, input: Uint8Array, ...options: readonly string[]): Buffer {
  return execFileSync(program, ['-c', ...options], { input, maxBuffer: most })
}

async function* inPieces(bytes: Uint8Array, size: number): Bytes {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Sentences, runs of all lengths around four and 255, noise, and one byte over and over. */
function mixture(): Buffer {
  const runs = Array.from({ length: 600 }, (_, length) => Buffer.alloc(length, length % 7))
  return Buffer.concat([
    Buffer.from('what a build needs is decided before it runs. '.repeat(9000)),
    ...runs,
    randomBytes(300_000),
    Buffer.alloc(2_000_000, 'x'),
  ])
}

const inputs: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('a')],
  ['four equal bytes', Buffer.from('aaaa')],
  ['a run that is longer than one can say at once', Buffer.alloc(4 + 255 + 1, 'b')],
  ['zeros', Buffer.alloc(3_000_000)],
  ['noise', randomBytes(1_000_000)],
  ['a mixture', mixture()],
]

for (const [what, bytes] of inputs) {
  test(`bzip2 and xz of ${what} come out as they went in`, async () => {
    for (const [program, ...options] of [
      ['bzip2', '-1'],
      ['bzip2', '-9'],
      ['xz', '-0'],
      ['xz', '-6', '--check=crc32'],
      ['xz', '-1', '--block-size=65536'],
    ] as const) {
      const out = await collect(decompressDetected(inPieces(by(program, bytes, ...options), 70_001)), most)
      assert.ok(out.equals(bytes), `${program} ${options}`)
    }
  })
}

for (const program of ['bzip2', 'xz']) {
  test(`${program}: several streams one after the other are one`, async () => {
    const joined = Buffer.concat(['one ', 'two ', '', 'three'].map((part) => by(program, Buffer.from(part))))
    assert.equal((await collect(decompressDetected(inPieces(joined, 5)), most)).toString(), 'one two three')
  })

  test(`${program} that was cut off or damaged is an error that says so`, async () => {
    const whole = by(program, mixture())
    const isDamage = (error: unknown): boolean =>
      error instanceof HearthError && error.code === 'layer-invalid' && error.message.includes(program)
    for (const length of [11, 100, whole.length >> 1, whole.length - 1]) {
      await assert.rejects(collect(decompressDetected(bytesOf(whole.subarray(0, length))), most), isDamage)
    }
    for (const at of [whole.length >> 2, whole.length >> 1, whole.length - 30]) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      await assert.rejects(collect(decompressDetected(bytesOf(damaged)), most), isDamage)
    }
  })

  test(`${program}: leaving early ends the source, and the next one can be read`, async () => {
    const whole = by(program, mixture())
    for (let round = 0; round < 3; round += 1) {
      let ended = false
      async function* source(): Bytes {
        try {
          yield* inPieces(whole, 1000)
        } finally {
          ended = true
        }
      }
      for await (const chunk of decompressDetected(source())) {
        assert.ok(chunk.byteLength > 0)
        break
      }
      assert.ok(ended)
    }
  })

  test(`${program}: an error of the source comes out as it is`, async () => {
    const whole = by(program, mixture())
    async function* failing(): Bytes {
      yield whole.subarray(0, 20_000)
      throw new Error('source broke')
    }
    await assert.rejects(collect(decompressDetected(failing()), most), /^Error: source broke$/)
  })
}

test('xz that asks for more than the decoder can do is refused by name', async () => {
  const refused = [
    [/checksum other than/, '--check=sha256'],
    [/filter other than/, '--x86', '--lzma2=preset=1'],
    [/larger than 64 MiB/, '--lzma2=preset=1,dict=65MiB'],
  ] as const
  for (const [why, ...options] of refused) {
    await assert.rejects(
      collect(decompressDetected(bytesOf(by('xz', mixture(), ...options))), most),
      (error) => error instanceof HearthError && error.code === 'compression-unsupported' && why.test(error.why ?? ''),
    )
  }
  const large = by('xz', mixture(), '--lzma2=preset=1,dict=64MiB')
  assert.ok((await collect(decompressDetected(bytesOf(large)), most)).byteLength > 2_000_000)
})

test('a few bytes of bzip2 that become very many are not held in memory', async () => {
  const bomb = by('bzip2', Buffer.alloc(200_000_000))
  assert.ok(bomb.byteLength < 1000)
  let size = 0
  let largest = 0
  for await (const chunk of bunzip2(bytesOf(bomb))) {
    size += chunk.byteLength
    largest = Math.max(largest, chunk.byteLength)
  }
  assert.equal(size, 200_000_000)
  assert.ok(largest <= 1 << 20)
})
