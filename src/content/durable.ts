import { closeSync, fsyncSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../errors.ts'

/** Makes renames and creations inside a directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } catch (error) {
    if (!isUnsupported(error)) throw error
  } finally {
    await handle.close()
  }
}

/** Creates a directory with its parents; when it was missing, its name is durable too. */
export function makeDirectory(directory: string): void {
  // Node's own recursion never ends where the kernel makes no directories, as in /proc.
  try {
    mkdirSync(directory)
  } catch (error) {
    const parent = dirname(directory)
    if (systemCode(error) === 'EEXIST' && isDirectory(directory)) return
    if (systemCode(error) !== 'ENOENT' || parent === directory) throw error
    makeDirectory(parent)
    makeLast(directory)
  }
  syncParent(directory)
}

function makeLast(directory: string): void {
  try {
    mkdirSync(directory)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !isDirectory(directory)) throw error
  }
}

/** Whether a directory is there; links to one count. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Makes the name of a directory durable. */
export function syncParent(directory: string): void {
  const parent = openSync(dirname(directory), 'r')
  try {
    fsyncSync(parent)
  } catch (error) {
    if (!isUnsupported(error)) throw error
  } finally {
    closeSync(parent)
  }
}

/** Writes all bytes of a chunk; one write call may take fewer. */
export async function writeFully(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < chunk.byteLength) {
    const { bytesWritten } = await handle.write(chunk, offset, chunk.byteLength - offset, null)
    offset += bytesWritten
  }
}

/** The same, for those who cannot wait. */
export function writeFullySync(descriptor: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.byteLength; ) at += writeSync(descriptor, chunk, at, chunk.byteLength - at)
}

// Some network filesystems have no fsync for directories; they write such changes through.
function isUnsupported(error: unknown): boolean {
  return ['EINVAL', 'ENOTSUP', 'EBADF'].includes(systemCode(error) ?? '')
}
