import { fstatSync, readSync } from 'node:fs'
import { constants, inflateSync } from 'node:zlib'
import { systemCode } from '../errors.ts'
import { ProtocolError } from './failure.ts'

const windowSize = 1 << 20

export interface Inflated {
  readonly data: Buffer
  /** Where what follows in the file begins. */
  readonly end: number
}

/** Reads a file from front to back through one buffer, and elsewhere where it must. */
export class PackWindow {
  readonly size: number
  readonly #descriptor: number
  #start = 0
  #held: Buffer = Buffer.alloc(0)

  constructor(descriptor: number) {
    this.#descriptor = descriptor
    this.size = fstatSync(descriptor).size
  }

  /** Up to so many bytes; fewer only at the end of the file. */
  bytes(offset: number, length: number): Buffer {
    const end = Math.min(offset + length, this.size)
    if (offset < this.#start || end > this.#start + this.#held.length) this.#load(offset, Math.max(0, end - offset))
    return this.#held.subarray(offset - this.#start, end - this.#start)
  }

  /** What a zlib stream, of which only the beginning is known, holds: exactly `size` bytes. */
  inflate(offset: number, size: number): Inflated {
    // No encoder needs much more than what it is given.
    for (let length = size + (size >> 9) + 64; ; length *= 2) {
      const input = this.bytes(offset, length)
      try {
        const chunkSize = Math.max(64, Math.min(size + 1, 1 << 20))
        const options = { info: true, maxOutputLength: Math.max(1, size), chunkSize, finishFlush: constants.Z_FINISH }
        // The types know nothing of "info".
        const { buffer, engine } = inflateSync(input, options) as unknown as {
          readonly buffer: Buffer
          readonly engine: { readonly bytesWritten: number }
        }
        if (buffer.length !== size) throw new ProtocolError('the pack is damaged: an object has another size')
        return { data: buffer, end: offset + engine.bytesWritten }
      } catch (error) {
        if (systemCode(error) === 'Z_BUF_ERROR' && offset + length < this.size) continue
        if (error instanceof ProtocolError) throw error
        throw new ProtocolError('the pack is damaged: an object cannot be inflated')
      }
    }
  }

  #load(offset: number, length: number): void {
    const buffer = Buffer.allocUnsafe(Math.min(Math.max(length, windowSize), Math.max(0, this.size - offset)))
    let filled = 0
    while (filled < buffer.length) {
      const count = readSync(this.#descriptor, buffer, filled, buffer.length - filled, offset + filled)
      if (count === 0) break
      filled += count
    }
    this.#start = offset
    this.#held = buffer.subarray(0, filled)
  }
}
