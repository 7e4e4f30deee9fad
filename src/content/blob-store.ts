import { accessSync, constants, lstatSync, rmdirSync, type Stats } from 'node:fs'
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HearthError, systemCode } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { type Digest, splitDigest } from '../oci/digest.ts'
import { type Bytes, bytesOf, collect } from '../stream/bytes.ts'
import { DigestingStream } from '../stream/digesting.ts'
import { verify } from '../stream/verify.ts'
import { diskError, onDiskOf } from './disk-error.ts'
import { makeDirectory, syncDirectory, writeFully } from './durable.ts'
import { openBlobFile, readChunks, unreadable } from './read-blob.ts'
import { reapTemporaries, temporaryName } from './temporary.ts'

/** Which bytes are meant: what they hash to, and how many they are. */
export type BlobIdentity = Pick<Descriptor, 'digest' | 'size'>

export interface WriteBlobOptions {
  /** What the bytes must turn out to be; anything else is refused and leaves nothing behind. */
  readonly expected?: BlobIdentity
  readonly signal?: AbortSignal
}

/**
 * Immutable content by digest: <directory>/blobs/<algorithm>/<hex>. Any number of processes may share one directory.
 * What stands under a digest was complete, checked and on the disk before it got its name.
 */
export class BlobStore {
  readonly directory: string
  readonly readOnly: boolean

  private constructor(directory: string, readOnly: boolean) {
    this.directory = directory
    this.readOnly = readOnly
  }

  /** Unless read-only, creates the directory; throws a HearthError when it cannot be written. */
  static open(directory: string, options: { readonly readOnly: boolean }): BlobStore {
    if (!options.readOnly) prepare(directory)
    return new BlobStore(directory, options.readOnly)
  }

  pathOf(digest: Digest): string {
    const { algorithm, hex } = splitDigest(digest)
    return join(this.directory, 'blobs', algorithm, hex)
  }

  /** Whether a regular file of the right size lies there. Its content is checked when it is read. */
  has(descriptor: BlobIdentity): boolean {
    return sizeOf(this.pathOf(descriptor.digest)) === descriptor.size
  }

  /**
   * The blob's bytes. Size and digest are checked by the end of the stream; a copy found damaged is removed, so that the
   * next one who needs it fetches it anew. Errors have code "integrity".
   */
  async *open(descriptor: BlobIdentity, options: { readonly signal?: AbortSignal } = {}): Bytes {
    const path = this.pathOf(descriptor.digest)
    const { handle, stat } = await openBlobFile(path, descriptor.digest)
    let unreadableBytes = false
    const onError = (cause: unknown): Error => {
      unreadableBytes = true
      return unreadable(descriptor.digest, path, cause)
    }
    try {
      for await (const chunk of verify(readChunks(handle, onError), descriptor)) {
        options.signal?.throwIfAborted()
        yield chunk
      }
    } catch (error) {
      const damaged = error instanceof HearthError && error.code === 'integrity' && !unreadableBytes
      if (!damaged) throw error
      await this.#discard(path, stat)
      throw error.at(path)
    } finally {
      await handle.close()
    }
  }

  /** A small blob in memory, checked; more than `maxBytes` is refused. */
  async read(descriptor: BlobIdentity, maxBytes: number): Promise<Uint8Array> {
    if (descriptor.size <= maxBytes) return await collect(this.open(descriptor), maxBytes)
    throw new HearthError({
      code: 'integrity',
      message: `Blob ${descriptor.digest} is too large to be a document`,
      where: this.pathOf(descriptor.digest),
      why: `it has ${descriptor.size} bytes, and ${maxBytes} are allowed`,
    })
  }

  /**
   * Writes a stream under its digest, durably, and says what it was. Content that is there already and good is kept;
   * a damaged copy is replaced. On any failure nothing is left under the digest's name.
   */
  async write(source: Bytes, options: WriteBlobOptions = {}): Promise<BlobIdentity> {
    if (this.readOnly) throw readOnlyStore(this.directory)
    const { path, handle } = await onDiskOf(this.directory, this.#createTemporary())
    let renamed = false
    try {
      const written = await this.#fill(handle, source, options).finally(() => handle.close())
      const target = this.pathOf(written.digest)
      if (await isGood(target, written)) return written
      await onDiskOf(this.directory, publish(path, target))
      renamed = true
      return written
    } finally {
      if (!renamed) await unlink(path).catch(() => {})
    }
  }

  writeBytes(bytes: Uint8Array): Promise<BlobIdentity> {
    return this.write(bytesOf(bytes))
  }

  /** Removes the directory for unfinished blobs if nobody uses it, so that a finished layout holds nothing but itself. */
  tidy(): void {
    try {
      rmdirSync(join(this.directory, 'tmp'))
    } catch {
      return
    }
  }

  async #createTemporary(): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    const tmp = join(this.directory, 'tmp')
    for (let attempt = 0; ; attempt++) {
      const path = join(tmp, temporaryName())
      try {
        return { path, handle: await open(path, 'wx', 0o600) }
      } catch (error) {
        // Another process may tidy the directory away between these two calls.
        if (systemCode(error) !== 'ENOENT' || attempt > 20) throw error
        await mkdir(tmp, { recursive: true })
      }
    }
  }

  async #fill(handle: FileHandle, source: Bytes, options: WriteBlobOptions): Promise<BlobIdentity> {
    const { expected, signal } = options
    const digesting = new DigestingStream()
    const checked = expected === undefined ? digesting.pass(source) : verify(source, expected)
    for await (const chunk of checked) {
      signal?.throwIfAborted()
      await onDiskOf(this.directory, writeFully(handle, chunk))
    }
    signal?.throwIfAborted()
    await onDiskOf(this.directory, handle.chmod(0o444))
    await onDiskOf(this.directory, handle.sync())
    return expected === undefined
      ? { digest: digesting.digest(), size: digesting.size }
      : { digest: expected.digest, size: expected.size }
  }

  /** Removes a damaged copy, unless another process has put a new one in its place meanwhile. */
  async #discard(path: string, seen: Stats): Promise<void> {
    if (this.readOnly) return
    try {
      const now = lstatSync(path)
      if (now.ino === seen.ino && now.mtimeMs === seen.mtimeMs) await unlink(path)
    } catch {
      return
    }
  }
}

function prepare(directory: string): void {
  try {
    makeDirectory(join(directory, 'blobs', 'sha256'))
    accessSync(join(directory, 'blobs', 'sha256'), constants.W_OK | constants.X_OK)
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw diskError(error, directory)
  }
  reapTemporaries(join(directory, 'tmp'))
}

function sizeOf(path: string): number | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat?.isFile() === true ? stat.size : undefined
  } catch {
    return undefined
  }
}

async function isGood(path: string, blob: BlobIdentity): Promise<boolean> {
  if (sizeOf(path) !== blob.size) return false
  try {
    const { handle } = await openBlobFile(path, blob.digest)
    try {
      const chunks = verify(
        readChunks(handle, (cause) => unreadable(blob.digest, path, cause)),
        blob,
      )
      for await (const _ of chunks);
      return true
    } finally {
      await handle.close()
    }
  } catch {
    return false
  }
}

async function publish(temporary: string, target: string): Promise<void> {
  const directory = dirname(target)
  makeDirectory(directory)
  await rename(temporary, target)
  await syncDirectory(directory)
}

function readOnlyStore(directory: string): HearthError {
  return new HearthError({
    code: 'permission',
    message: 'A blob cannot be written to a read-only directory',
    where: directory,
    fix: 'Choose a directory that can be written.',
  })
}
