import { constants, statSync } from 'node:fs'
import { copyFile, type FileHandle, link, open, rename, unlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { systemCode } from '../errors.ts'
import { verify } from '../stream/verify.ts'
import { hasNoHardLinks } from './atomic-file.ts'
import type { BlobIdentity } from './blob-writing.ts'
import { onDiskOf } from './disk-error.ts'
import { syncDirectory } from './durable.ts'
import { openBlobFile, readChunks, unreadable } from './read-blob.ts'
import { makeDirectoryIn } from './shared-directory.ts'
import { temporaryName } from './temporary.ts'

export interface CopyBlobOptions {
  /** Give the file a second name instead, where the filesystem allows it: both stores must leave it alone from then on. */
  readonly link?: boolean
  readonly signal?: AbortSignal
}

export interface BlobCopy extends CopyBlobOptions {
  readonly blob: BlobIdentity
  /** The file that holds it elsewhere. */
  readonly source: string
  /** The store's directory, and the blob's path below it. */
  readonly directory: string
  readonly target: string
}

/**
 * Brings a blob's file from another directory under its name in this one, durably. The filesystem copies, which shares
 * the blocks where it can; what came is hashed before it gets its name. Throws "integrity" for a source that is not the
 * blob, and leaves nothing behind then.
 */
export async function copyBlob(copy: BlobCopy): Promise<'copied' | 'linked'> {
  const { source, blob, directory, target, signal } = copy
  const { handle, stat } = await openBlobFile(source, blob.digest)
  const temporary = join(directory, 'tmp', temporaryName())
  try {
    if (stat.size !== blob.size) throw unreadable(blob.digest, source, new Error(`it has ${stat.size} bytes`))
    const how = await onDiskOf(directory, place(handle, copy, temporary))
    signal?.throwIfAborted()
    await checked(temporary, copy)
    await onDiskOf(directory, rename(temporary, target))
    // Where both are one file, a rename does nothing.
    await unlink(temporary).catch(() => {})
    await onDiskOf(directory, syncDirectory(dirname(target)))
    return how
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  } finally {
    await handle.close()
  }
}

async function place(handle: FileHandle, copy: BlobCopy, temporary: string): Promise<'copied' | 'linked'> {
  for (let attempt = 0; ; attempt++) {
    await makeParents(copy)
    try {
      if (copy.link === true && (await linked(copy, temporary))) return 'linked'
      await copied(handle, temporary)
      return 'copied'
    } catch (error) {
      // Another process may tidy the directory for unfinished blobs away meanwhile.
      if (systemCode(error) !== 'ENOENT' || attempt > 20) throw error
    }
  }
}

async function makeParents({ directory, target }: BlobCopy): Promise<void> {
  for (const path of ['tmp', relative(directory, dirname(target))]) makeDirectoryIn(directory, ...path.split('/'))
}

/** False where the filesystem makes no such link, or the file could be changed by its owner. */
async function linked({ source }: BlobCopy, temporary: string): Promise<boolean> {
  if ((statSync(source).mode & 0o222) !== 0) return false
  try {
    await link(source, temporary)
    return true
  } catch (error) {
    if (systemCode(error) === 'EXDEV' || hasNoHardLinks(error)) return false
    throw error
  }
}

async function copied(handle: FileHandle, temporary: string): Promise<void> {
  // By its open file: what the name stands for may have changed since it was looked at.
  const source = `/proc/self/fd/${handle.fd}`
  await copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  const copy = await open(temporary, 'r')
  try {
    await copy.chmod(0o444)
    await copy.sync()
  } finally {
    await copy.close()
  }
}

async function checked(path: string, { blob, source, signal }: BlobCopy): Promise<void> {
  const handle = await open(path, 'r')
  try {
    const chunks = readChunks(handle, (cause) => unreadable(blob.digest, source, cause))
    for await (const _ of verify(chunks, blob)) signal?.throwIfAborted()
  } finally {
    await handle.close()
  }
}
