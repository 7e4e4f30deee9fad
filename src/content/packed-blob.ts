import { HearthError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Bytes } from '../stream/bytes.ts'
import { verify } from '../stream/verify.ts'
import { openBlobFile, unreadable } from './read-blob.ts'

export interface PackedBlobOptions {
  /** The file it is in, such as an archive; never changed here. */
  readonly path: string
  /** Where in the file it begins. */
  readonly offset: number
  readonly descriptor: Pick<Descriptor, 'digest' | 'size'>
  /** Told once that its bytes are not what the descriptor promises. */
  readonly onDamaged?: (error: HearthError) => void
}

const readSize = 1 << 20

/** A blob that is a stretch of a file which is somebody else's: read where it is, and checked like any other. */
export class PackedBlob {
  readonly path: string
  readonly #options: PackedBlobOptions
  #check: Promise<boolean> | undefined

  constructor(options: PackedBlobOptions) {
    this.path = options.path
    this.#options = options
  }

  /** Whether the stretch is the blob; its bytes are hashed the first time somebody asks. */
  check(): Promise<boolean> {
    this.#check ??= this.#readThrough()
    return this.#check
  }

  /** Its bytes. Size and digest are checked by the end of the stream; errors have code "integrity". */
  async *open({ signal }: { readonly signal?: AbortSignal } = {}): Bytes {
    const { path, descriptor } = this.#options
    try {
      for await (const chunk of verify(this.#stretch(), descriptor)) {
        signal?.throwIfAborted()
        yield chunk
      }
    } catch (error) {
      throw error instanceof HearthError ? error.at(path) : error
    }
  }

  async *#stretch(): Bytes {
    const { path, offset, descriptor } = this.#options
    const { handle } = await openBlobFile(path, descriptor.digest)
    try {
      for (let done = 0; done < descriptor.size; ) {
        const wanted = Math.min(readSize, descriptor.size - done)
        const buffer = Buffer.allocUnsafeSlow(wanted)
        const { bytesRead } = await handle.read(buffer, 0, wanted, offset + done).catch((cause: unknown) => {
          throw unreadable(descriptor.digest, path, cause)
        })
        if (bytesRead === 0) return
        done += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await handle.close()
    }
  }

  async #readThrough(): Promise<boolean> {
    try {
      for await (const _ of this.open());
      return true
    } catch (error) {
      if (!(error instanceof HearthError) || error.code !== 'integrity') throw error
      this.#options.onDamaged?.(error)
      return false
    }
  }
}
