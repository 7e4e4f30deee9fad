import { join } from 'node:path'
import { type Digest, splitDigest } from '../oci/digest.ts'
import { type FileLock, holdFileLock } from './file-lock.ts'
import { makeDirectoryIn } from './shared-directory.ts'

/** How long another process may be silent about a blob before it is fetched here as well, in ms. */
const silenceMs = 60_000

export interface BlobTurn {
  /** Of a store that several processes fill. */
  readonly directory: string
  readonly digest: Digest
  readonly signal?: AbortSignal
}

/**
 * Those who fetch the same blob into a directory take turns, so that it is transferred once: the task looks whether it has
 * come meanwhile. Where no lock can be written, everybody's turn is now.
 */
export async function inBlobTurn<T>(turn: BlobTurn, task: () => Promise<T>): Promise<T> {
  const lock = await takeTurn(turn)
  try {
    return await task()
  } finally {
    await lock?.release()
  }
}

async function takeTurn({ directory, digest, signal }: BlobTurn): Promise<FileLock | undefined> {
  const { algorithm, hex } = splitDigest(digest)
  const wait = { staleMs: silenceMs, patienceMs: Number.POSITIVE_INFINITY, pollMs: 20 }
  try {
    makeDirectoryIn(directory, 'locks')
    return await holdFileLock(join(directory, 'locks', `${algorithm}-${hex}.lock`), {
      ...wait,
      ...(signal === undefined ? {} : { signal }),
    })
  } catch {
    signal?.throwIfAborted()
    return undefined
  }
}
