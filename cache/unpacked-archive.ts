import { closeSync, fchmodSync, fsyncSync, lstatSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { BlobStore } from '../src/content/blob-store.ts'
import { diskError } from '../src/content/disk-error.ts'
import { writeFullySync } from '../src/content/durable.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { filesystemTime, isTemporaryName, temporaryName } from '../src/content/temporary.ts'
import { HearthError } from '../src/errors.ts'
import { type Digest, isDigest } from '../src/oci/digest.ts'
import { removeTree } from '../src/rootfs/remove.ts'
import type { Bytes } from '../src/stream/bytes.ts'
import { decompressDetected } from '../src/stream/compression.ts'
import type { TarEntry } from '../src/tar/entry.ts'
import { readTar } from '../src/tar/read.ts'
import type { TarSink } from '../src/tar/sink.ts'

export interface UnpackOptions {
  /** The cache directory that the layout is for; it is unpacked within, on the same filesystem. */
  readonly directory: string
  readonly signal?: AbortSignal
}

/**
 * Unpacks the tar of an OCI layout, compressed or not, for as long as the task runs. Blobs that the cache has already are
 * left out, as is whatever does not belong to a layout. Nothing is checked yet.
 */
export async function withUnpackedLayout<T>(
  archive: Bytes,
  options: UnpackOptions,
  task: (layout: string) => Promise<T>,
): Promise<T> {
  const { directory } = options
  const tmp = join(directory, 'tmp')
  const layout = join(tmp, temporaryName())
  try {
    await prepare(tmp, layout, options)
    await unpack(archive, layout, options)
    return await task(layout)
  } finally {
    await removeTree(layout)
  }
}

async function prepare(tmp: string, layout: string, { directory }: UnpackOptions): Promise<void> {
  try {
    makeDirectoryIn(directory, 'tmp')
    await removeAbandoned(tmp)
    makeDirectoryIn(layout, 'blobs', 'sha256')
    makeDirectoryIn(layout, 'blobs', 'sha512')
  } catch (error) {
    throw diskError(error, directory)
  }
}

async function unpack(archive: Bytes, layout: string, { directory, signal }: UnpackOptions): Promise<void> {
  const files = new LayoutFiles(layout, directory)
  const limits = { maxBytes: Number.MAX_SAFE_INTEGER, ...(signal === undefined ? {} : { signal }) }
  try {
    await readTar(decompressDetected(archive), files, limits)
  } catch (error) {
    signal?.throwIfAborted()
    throw notAnArchive(error, directory)
  } finally {
    files.close()
  }
}

/** No import takes a day. */
const maxAgeMs = 24 * 3600_000

/** Removes what killed imports have left. Failure leaves it for the next time. */
async function removeAbandoned(tmp: string): Promise<void> {
  try {
    const now = filesystemTime(tmp)
    for (const name of readdirSync(tmp).filter(isTemporaryName)) {
      const path = join(tmp, name)
      const stat = lstatSync(path)
      if (stat.isDirectory() && now - stat.mtimeMs > maxAgeMs) await removeTree(path)
    }
  } catch {
    return
  }
}

/** Writes the files of a layout as they come out of an archive. */
class LayoutFiles implements TarSink {
  readonly #layout: string
  readonly #store: BlobStore
  #file: number | undefined

  constructor(layout: string, directory: string) {
    this.#layout = layout
    this.#store = BlobStore.open(directory, { readOnly: true })
  }

  entry(entry: TarEntry): void {
    const path = entry.type === 'file' ? this.#pathFor(entry.path, entry.size) : undefined
    if (path === undefined) return
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) unlinkSync(path)
    this.#file = openSync(path, 'wx', 0o600)
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    if (this.#file !== undefined) writeFullySync(this.#file, chunk.subarray(start, end))
  }

  hole(size: number): void {
    const zeros = new Uint8Array(Math.min(size, 1 << 20))
    for (let left = size; left > 0 && this.#file !== undefined; left -= zeros.byteLength) {
      writeFullySync(this.#file, zeros.subarray(0, Math.min(left, zeros.byteLength)))
    }
  }

  fileEnd(): void {
    if (this.#file === undefined) return
    fchmodSync(this.#file, 0o444)
    fsyncSync(this.#file)
    this.close()
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  /** Undefined for what is not wanted. A later file of the same name counts, as in every archive. */
  #pathFor(path: string, size: number): string | undefined {
    if (path === 'index.json' || path === 'oci-layout') return join(this.#layout, path)
    const [, algorithm, hex] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(path) ?? []
    const digest = `${algorithm}:${hex}`
    if (!isDigest(digest) || this.#store.has({ digest: digest as Digest, size })) return undefined
    return join(this.#layout, path)
  }
}

function notAnArchive(error: unknown, directory: string): HearthError {
  const known = error instanceof HearthError ? error : diskError(error, directory)
  if (known.code !== 'layer-invalid') return known
  return new HearthError({
    code: 'manifest-invalid',
    message: 'What is imported is not the tar of an OCI layout, or it is damaged',
    why: known.message + (known.why === undefined ? '' : `: ${known.why}`),
    fix: 'Export it again, and check that all of it has arrived.',
    cause: error,
  })
}
