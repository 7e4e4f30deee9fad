import { blockSize } from './header.ts'

/** Gathers a piece of known size from chunks of any size; a piece that lies in one chunk is not copied. */
export class Piece {
  #wanted: number
  #filled = 0
  #buffer: Buffer | undefined

  constructor(size: number) {
    this.#wanted = size
  }

  /** How many bytes it has got so far. */
  get filled(): number {
    return this.#filled
  }

  /** How many bytes of a chunk, from `at` on, belong to it. */
  share(chunk: Buffer, at: number): number {
    return Math.min(this.#wanted - this.#filled, chunk.byteLength - at)
  }

  /** Takes its share of a chunk; the piece once it is complete. It then starts anew with the next one. */
  take(chunk: Buffer, at: number): Buffer | undefined {
    const share = this.share(chunk, at)
    if (share === this.#wanted) return chunk.subarray(at, at + share)
    this.#buffer ??= Buffer.allocUnsafeSlow(this.#wanted)
    chunk.copy(this.#buffer, this.#filled, at, at + share)
    this.#filled += share
    if (this.#filled < this.#wanted) return undefined
    const piece = this.#buffer
    this.#buffer = undefined
    this.#filled = 0
    return piece
  }
}

/** Bytes that fill up the last block of so much content. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}
