import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { HearthError, messageOf } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Bytes } from '../stream/bytes.ts'

// Reads of 1 MiB are 1.5 times faster than Node's default.
const readSize = 1 << 20

// A symlink planted under a blob's name is refused, and opening a planted FIFO does not wait for a writer.
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export interface OpenBlob {
  readonly handle: FileHandle
  readonly stat: Stats
}

/** Opens a blob's file; whatever is not a readable regular file is an error of code "integrity". */
export async function openBlobFile(path: string, digest: Descriptor['digest']): Promise<OpenBlob> {
  const handle = await open(path, openFlags).catch((cause: unknown) => {
    throw unreadable(digest, path, cause)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new Error('it is not a regular file')
    return { handle, stat }
  } catch (cause) {
    await handle.close()
    throw unreadable(digest, path, cause)
  }
}

/** The bytes of an open file from where it stands to its end. */
export async function* readChunks(handle: FileHandle, onError: (cause: unknown) => Error): Bytes {
  for (;;) {
    const buffer = Buffer.allocUnsafeSlow(readSize)
    const { bytesRead } = await handle.read(buffer, 0, readSize, null).catch((cause: unknown) => {
      throw onError(cause)
    })
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

export function unreadable(digest: Descriptor['digest'], path: string, cause: unknown): HearthError {
  return new HearthError({
    code: 'integrity',
    message: `Blob ${digest} cannot be read`,
    where: path,
    why: messageOf(cause),
    fix: 'The stored copy is missing or damaged: build or warm again, and it will be fetched anew.',
    cause,
  })
}
