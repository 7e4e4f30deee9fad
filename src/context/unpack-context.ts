import { mkdir } from 'node:fs/promises'
import { onDiskOf } from '../content/disk-error.ts'
import { HearthError } from '../errors.ts'
import type { Log } from '../log.ts'
import { extractArchive } from '../rootfs/extract.ts'
import type { Bytes } from '../stream/bytes.ts'
import { decompressDetected } from '../stream/compression.ts'
import { rawPath } from '../tar/raw-path.ts'
import { blockSize, isTarHeader } from '../tar/tar-header.ts'

export interface UnpackContextOptions {
  /** Where the files go: a directory that is not there yet, in one that is. */
  readonly directory: string
  /** What messages call the archive. */
  readonly place: string
  /** Whose the files become; owners in a context mean nothing. */
  readonly owner: { readonly uid: number; readonly gid: number }
  readonly log: Log
  readonly signal?: AbortSignal
}

/**
 * Unpacks a context while its bytes come: a tar archive, plain or compressed with gzip, zstd, xz or bzip2, whatever it is
 * called. The archive itself is kept nowhere. Throws HearthError "context-unsupported" for what is no archive.
 */
export async function unpackContext(archive: Bytes, options: UnpackContextOptions): Promise<void> {
  const { directory, place, owner, log, signal } = options
  await onDiskOf(directory, mkdir(directory, { mode: 0o755 }))
  const tar = requireTar(decompressDetected(archive), place)
  try {
    await extractArchive(directory, rawPath(''), tar, { owner, log, ...(signal === undefined ? {} : { signal }) })
  } catch (error) {
    const isArchive = error instanceof HearthError && ['layer-invalid', 'compression-unsupported'].includes(error.code)
    if (!isArchive) throw error
    const { message, where, why = '' } = error
    throw unusable(place, [message, where, why].filter((part) => part !== undefined && part !== '').join('; '))
  }
}

/** An archive without files may be nothing but zeros, or nothing at all. */
async function* requireTar(tar: Bytes, place: string): Bytes {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of tar) {
    if (head === undefined) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.byteLength < blockSize) continue
    if (!isTarHeader(head) && head.some((byte) => byte !== 0)) throw noArchive(place)
    yield head
    head = undefined
  }
  if (head !== undefined) throw noArchive(place)
}

function noArchive(place: string): HearthError {
  return unusable(place, 'it is no tar archive, neither plain nor compressed with gzip, zstd, xz or bzip2')
}

function unusable(place: string, why: string): HearthError {
  return new HearthError({
    code: 'context-unsupported',
    message: `${place} cannot be used as a build context`,
    why,
    fix: 'Give an archive as "tar -czf context.tar.gz -C directory ." makes it.',
  })
}
