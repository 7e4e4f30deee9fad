import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { systemCode } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Bytes } from '../stream/bytes.ts'
import { DigestingStream } from '../stream/digesting.ts'
import { verify } from '../stream/verify.ts'
import { diskError } from './disk-error.ts'
import { syncDirectory, writeFully } from './durable.ts'
import { makeDirectoryIn } from './shared-directory.ts'
import { temporaryName } from './temporary.ts'

/** Which bytes are meant: what they hash to, and how many they are. */
export type BlobIdentity = Pick<Descriptor, 'digest' | 'size'>

export interface WriteBlobOptions {
  /** What the bytes must turn out to be; anything else is refused and leaves nothing behind. */
  readonly expected?: BlobIdentity
  readonly signal?: AbortSignal
}

/**
 * One stream on its way into a store's directory: first a temporary file, then a blob under its name. When the disk
 * fails on the way nothing of the stream is lost: `again` gives all of it to another store.
 */
export class BlobWriting {
  readonly #directory: string
  readonly #source: AsyncIterator<Uint8Array>
  #temporary: string | undefined
  /** Bytes of the source that are in the temporary file. */
  #written = 0
  /** The chunk after these, while it is being written. */
  #pending: Uint8Array | undefined
  #failure: unknown

  constructor(directory: string, source: Bytes) {
    this.#directory = directory
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What the disk threw, as against the source. */
  get failure(): unknown {
    return this.#failure
  }

  /** Writes the source to a temporary file, durably. */
  async fill({ expected, signal }: WriteBlobOptions): Promise<BlobIdentity> {
    const handle = await this.#onDisk(() => this.#createTemporary())
    try {
      const digesting = new DigestingStream()
      const checked = expected === undefined ? digesting.pass(this.#supply()) : verify(this.#supply(), expected)
      for await (const chunk of checked) {
        signal?.throwIfAborted()
        await this.#onDisk(() => writeFully(handle, chunk))
      }
      signal?.throwIfAborted()
      await this.#onDisk(() => handle.chmod(0o444))
      await this.#onDisk(() => handle.sync())
      return expected === undefined
        ? { digest: digesting.digest(), size: digesting.size }
        : { digest: expected.digest, size: expected.size }
    } finally {
      await handle.close()
    }
  }

  /** Gives the file its name. */
  async publish(target: string): Promise<void> {
    const temporary = this.#temporary
    if (temporary === undefined) throw new TypeError('publish() without fill()')
    const directory = dirname(target)
    await this.#onDisk(async () => {
      makeDirectoryIn(this.#directory, ...relative(this.#directory, directory).split('/'))
      await rename(temporary, target)
      await syncDirectory(directory)
    })
    this.#temporary = undefined
  }

  /** The whole source once more: what the temporary file holds of it, and what it has not given yet. */
  async *again(): Bytes {
    if (this.#temporary !== undefined && this.#written > 0) {
      yield* createReadStream(this.#temporary, { end: this.#written - 1, highWaterMark: 1 << 20 })
    }
    const pending = this.#pending
    if (pending !== undefined) yield pending
    yield* this.#supply()
  }

  /** Ends the source, and removes the file unless it was published. */
  async close(): Promise<void> {
    if (this.#temporary !== undefined) await unlink(this.#temporary).catch(() => {})
    // What a source does when it is not wanted any more is no failure of the write.
    await this.#source.return?.().catch(() => {})
  }

  /** The source's chunks; unlike in a loop over the source, stopping here does not end it. */
  async *#supply(): Bytes {
    for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next()) {
      this.#pending = next.value
      yield next.value
      this.#written += next.value.byteLength
      this.#pending = undefined
    }
  }

  async #createTemporary(): Promise<FileHandle> {
    const tmp = join(this.#directory, 'tmp')
    for (let attempt = 0; ; attempt++) {
      const path = join(tmp, temporaryName())
      try {
        const handle = await open(path, 'wx', 0o600)
        this.#temporary = path
        return handle
      } catch (error) {
        // Another process may tidy the directory away between these two calls.
        if (systemCode(error) !== 'ENOENT' || attempt > 20) throw error
        makeDirectoryIn(this.#directory, 'tmp')
      }
    }
  }

  async #onDisk<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation()
    } catch (error) {
      this.#failure = error
      throw diskError(error, this.#directory)
    }
  }
}
