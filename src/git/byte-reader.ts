import type { Bytes } from '../stream/bytes.ts'
import { ProtocolError } from './failure.ts'

/** Takes pieces of wanted sizes from a stream. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)

  constructor(source: Bytes) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Exactly so many bytes; undefined where the stream ends before the first of them. */
  async read(size: number): Promise<Buffer | undefined> {
    const pieces = [this.#held]
    let length = this.#held.length
    while (length < size) {
      const { done, value } = await this.#source.next()
      if (done === true) {
        if (length === 0) return undefined
        throw new ProtocolError('the answer ends in the middle')
      }
      pieces.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      length += value.byteLength
    }
    const all = pieces.length === 1 ? this.#held : Buffer.concat(pieces)
    this.#held = all.subarray(size)
    return all.subarray(0, size)
  }

  /** What comes next, in whatever size it comes; undefined at the end. */
  async some(): Promise<Uint8Array | undefined> {
    const held = this.#held
    if (held.length > 0) {
      this.#held = Buffer.alloc(0)
      return held
    }
    const { done, value } = await this.#source.next()
    return done === true ? undefined : value
  }

  /** Nothing more is wanted. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}
