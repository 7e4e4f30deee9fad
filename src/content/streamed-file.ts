import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Bytes } from '../stream/bytes.ts'
import { onDiskOf } from './disk-error.ts'

/**
 * Writes a stream to a file that appears whole or not at all. The directory is made when it is missing. Throws what the
 * stream throws, and a HearthError that names the directory when the disk fails.
 */
export async function writeStreamAtomically(
  path: string,
  source: Bytes,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const directory = dirname(path)
  const temporary = join(directory, `.${basename(path)}.${randomUUID()}.tmp`)
  try {
    await onDiskOf(directory, mkdir(directory, { recursive: true }))
    await save(temporary, source, signal)
    await onDiskOf(directory, rename(temporary, path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

async function save(path: string, source: Bytes, signal: AbortSignal | undefined): Promise<void> {
  let failure: unknown
  async function* supplied(): Bytes {
    try {
      yield* source
    } catch (error) {
      failure = error
      throw error
    }
  }
  const file = createWriteStream(path, { flags: 'wx', mode: 0o644, highWaterMark: 1 << 20, flush: true })
  const stream = Readable.from(supplied(), { objectMode: false, highWaterMark: 1 << 20 })
  try {
    await pipeline(stream, file, { ...(signal === undefined ? {} : { signal }) })
  } catch (error) {
    signal?.throwIfAborted()
    // What cannot be read has its own story; anything else happened to the file.
    if (failure !== undefined) throw failure
    await onDiskOf(dirname(path), Promise.reject(error))
  }
}
