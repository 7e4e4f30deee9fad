import { createHash, type Hash } from 'node:crypto'
import type { Digest } from '../oci/digest.ts'
import type { Bytes } from './bytes.ts'

/** The digest of some content, chunk by chunk. */
export async function digestOfContent(content: Bytes | Iterable<Uint8Array>): Promise<Digest> {
  const digesting = new DigestingStream()
  for await (const chunk of content) digesting.update(chunk)
  return digesting.digest()
}

/** Hashes and counts what passes through it; ask for the result once the stream has ended. */
export class DigestingStream {
  readonly #hash: Hash
  readonly #algorithm: 'sha256' | 'sha512'
  #size = 0

  constructor(algorithm: 'sha256' | 'sha512' = 'sha256') {
    this.#algorithm = algorithm
    this.#hash = createHash(algorithm)
  }

  async *pass(source: Bytes): Bytes {
    for await (const chunk of source) {
      this.update(chunk)
      yield chunk
    }
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#size += chunk.byteLength
  }

  /** Bytes seen so far. */
  get size(): number {
    return this.#size
  }

  /** Ends the hashing; may be called once. */
  digest(): Digest {
    return `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest
  }
}
