import { accessSync, constants, lstatSync, rmdirSync, type Stats } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { HearthError, systemCode } from '../errors.ts'
import { type Digest, splitDigest } from '../oci/digest.ts'
import { type Bytes, bytesOf, collect } from '../stream/bytes.ts'
import { verify } from '../stream/verify.ts'
import { type CopyBlobOptions, copyBlob } from './blob-copying.ts'
import { type BlobIdentity, BlobWriting, type WriteBlobOptions } from './blob-writing.ts'
import { diskError, isUnwritable } from './disk-error.ts'
import { type OpenBlob, openBlobFile, readChunks, unreadable } from './read-blob.ts'
import { makeDirectoryIn } from './shared-directory.ts'
import { reapTemporaries } from './temporary.ts'

/** Keeps blobs from being cleared away by other processes while this one uses them. */
export interface BlobPins {
  /** Called before a blob is looked for, and before one gets its name. */
  pin(digest: Digest): void
  /** Called when a blob is not there: takes it back, if somebody has put it aside and not deleted it yet. */
  takeBack(digest: Digest): void
}

export interface BlobStoreOptions {
  readonly readOnly: boolean
  /** For a directory that others may prune. */
  readonly pins?: BlobPins | undefined
  /**
   * Asked once, when the directory takes no more blobs because its disk is full, read-only or failing: gives the store
   * that takes them from then on, also the one being written.
   */
  readonly spill?: (error: unknown) => BlobStore
  /** Told about each copy that was found damaged, before it is removed. */
  readonly onDamaged?: (path: string) => void
}

/** A blob and the store it lies in: as a rule the one that was asked to write it. */
export interface WrittenBlob extends BlobIdentity {
  readonly store: BlobStore
}

/**
 * Immutable content by digest: <directory>/blobs/<algorithm>/<hex>. Any number of processes may share one directory.
 * What stands under a digest was complete, checked and on the disk before it got its name.
 */
export class BlobStore {
  readonly directory: string
  readonly readOnly: boolean
  /** Whether other processes fill the directory as well, and see by their leases what is used here. */
  readonly isShared: boolean
  readonly #options: BlobStoreOptions
  /** Whether a blob was found whole; those written here are. */
  readonly #checks = new Map<Digest, Promise<boolean>>()
  #successor: BlobStore | undefined

  private constructor(directory: string, options: BlobStoreOptions) {
    this.directory = directory
    this.readOnly = options.readOnly
    this.isShared = options.pins !== undefined
    this.#options = options
  }

  /** Unless read-only, creates the directory; throws a HearthError when it cannot be written. */
  static open(directory: string, options: BlobStoreOptions): BlobStore {
    if (!options.readOnly) prepare(directory)
    return new BlobStore(directory, options)
  }

  pathOf(digest: Digest): string {
    const { algorithm, hex } = splitDigest(digest)
    return join(this.directory, 'blobs', algorithm, hex)
  }

  /** Whether a regular file of the right size lies there. Its content is checked when it is read. */
  has(descriptor: BlobIdentity): boolean {
    return this.#pinnedSize(descriptor.digest) === descriptor.size
  }

  /**
   * Whether a whole copy lies there. Its bytes are hashed the first time it is asked for, unless this store has written
   * them; a copy found damaged is removed.
   */
  async check(descriptor: BlobIdentity): Promise<boolean> {
    if (!this.has(descriptor)) return false
    const known = this.#checks.get(descriptor.digest) ?? this.#readThrough(descriptor)
    this.#checks.set(descriptor.digest, known)
    const isWhole = await known
    if (!isWhole) this.#checks.delete(descriptor.digest)
    return isWhole
  }

  /** The store that has a whole copy: this one, or the one that has followed it. */
  async holder(descriptor: BlobIdentity): Promise<BlobStore | undefined> {
    if (await this.check(descriptor)) return this
    return await this.#successor?.holder(descriptor)
  }

  /**
   * The blob's bytes. Size and digest are checked by the end of the stream; a copy found damaged is removed, so that the
   * next one who needs it fetches it anew. Errors have code "integrity".
   */
  async *open(descriptor: BlobIdentity, options: { readonly signal?: AbortSignal } = {}): Bytes {
    const path = this.pathOf(descriptor.digest)
    const { handle, stat } = await this.#openFile(path, descriptor.digest)
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
      this.#checks.delete(descriptor.digest)
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
  async write(source: Bytes, options: WriteBlobOptions = {}): Promise<WrittenBlob> {
    if (this.readOnly) throw readOnlyStore(this.directory)
    if (this.#successor !== undefined) return await this.#successor.write(source, options)
    const writing = new BlobWriting(this.directory, source)
    try {
      const blob = await writing.fill(options)
      const target = this.pathOf(blob.digest)
      this.#options.pins?.pin(blob.digest)
      if (!(await isGood(target, blob))) await writing.publish(target)
      this.#checks.set(blob.digest, Promise.resolve(true))
      return { ...blob, store: this }
    } catch (error) {
      const { spill } = this.#options
      if (spill === undefined || !isUnwritable(writing.failure)) throw error
      this.#successor ??= spill(error)
      return await this.#successor.write(writing.again(), options)
    } finally {
      await writing.close()
    }
  }

  writeBytes(bytes: Uint8Array): Promise<WrittenBlob> {
    return this.write(bytesOf(bytes))
  }

  /**
   * Takes over a blob of another store, checked and durably; nothing is done where a whole copy is here already. Throws
   * "integrity" when the other store's copy is missing or damaged.
   */
  async take(
    from: BlobStore,
    blob: BlobIdentity,
    options: CopyBlobOptions = {},
  ): Promise<'kept' | 'copied' | 'linked'> {
    if (this.readOnly) throw readOnlyStore(this.directory)
    if (await this.check(blob)) return 'kept'
    const { directory } = this
    const [source, target] = [from, this].map((store) => store.pathOf(blob.digest)) as [string, string]
    const how = await copyBlob({ ...options, blob, source, directory, target })
    this.#checks.set(blob.digest, Promise.resolve(true))
    return how
  }

  /** Removes the directory for unfinished blobs if nobody uses it, so that a finished layout holds nothing but itself. */
  tidy(): void {
    try {
      rmdirSync(join(this.directory, 'tmp'))
    } catch {
      return
    }
  }

  /** The size of the copy that lies there, which stays for as long as this process lives. */
  #pinnedSize(digest: Digest): number | undefined {
    const { pins } = this.#options
    const path = this.pathOf(digest)
    pins?.pin(digest)
    const size = sizeOf(path)
    if (size !== undefined || pins === undefined) return size
    pins.takeBack(digest)
    return sizeOf(path)
  }

  async #openFile(path: string, digest: Digest): Promise<OpenBlob> {
    const { pins } = this.#options
    pins?.pin(digest)
    try {
      return await openBlobFile(path, digest)
    } catch (error) {
      if (pins === undefined) throw error
      pins.takeBack(digest)
      return await openBlobFile(path, digest)
    }
  }

  async #readThrough(descriptor: BlobIdentity): Promise<boolean> {
    try {
      for await (const _ of this.open(descriptor));
      return true
    } catch (error) {
      if (error instanceof HearthError && error.code === 'integrity') return false
      throw error
    }
  }

  /** Removes a damaged copy, unless another process has put a new one in its place meanwhile. */
  async #discard(path: string, seen: Stats): Promise<void> {
    this.#options.onDamaged?.(path)
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
    makeDirectoryIn(directory, 'blobs', 'sha256')
    for (const path of ['blobs/sha256', 'tmp', '.'].map((name) => join(directory, name))) checkWritable(path)
  } catch (error) {
    throw diskError(error, directory)
  }
  reapTemporaries(join(directory, 'tmp'))
}

function checkWritable(directory: string): void {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch (error) {
    // Made when it is needed.
    if (systemCode(error) !== 'ENOENT') throw error
  }
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

function readOnlyStore(directory: string): HearthError {
  return new HearthError({
    code: 'permission',
    message: 'A blob cannot be written to a read-only directory',
    where: directory,
    fix: 'Choose a directory that can be written.',
  })
}
