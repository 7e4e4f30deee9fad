import { closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import { HearthError, messageOf, systemCode } from '../errors.ts'
import { onDisk, type RawPath, showPath } from '../tar/raw-path.ts'
import type { FileRecord } from './record.ts'

/**
 * Opens the very file a record describes, for reading; the caller closes the descriptor. Refuses when the file or a
 * directory on the way has been exchanged since, so that no symlink put there meanwhile can lead out of `root`.
 */
export function openSourceFile(root: string, record: FileRecord): number {
  const descriptor = open(root, record.path)
  try {
    const stat = fstatSync(descriptor, { bigint: true })
    const same = stat.isFile() && stat.ino === record.ino && stat.dev === record.dev
    if (same && placeOf(descriptor) === expectedPlace(root, record.path)) return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  closeSync(descriptor)
  throw changed(record.path)
}

function open(root: string, path: RawPath): number {
  try {
    return openSync(onDisk(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw changed(path)
    throw unreadable(error, path)
  }
}

function placeOf(descriptor: number): string {
  return readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: 'latin1' })
}

function expectedPlace(root: string, path: RawPath): string {
  const real = realpathSync.native(root, { encoding: 'latin1' })
  return real === '/' ? `/${path}` : `${real}/${path}`
}

/** What the system said against reading a file or directory, as an error that names it. */
export function unreadable(cause: unknown, path: RawPath): unknown {
  if (systemCode(cause) !== 'EACCES') return cause
  return new HearthError({
    code: 'permission',
    message: `${showPath(path)} cannot be read`,
    why: messageOf(cause),
    fix: `Make it readable for the user who builds, whose uid is ${process.geteuid?.()}.`,
    cause,
  })
}

function changed(path: RawPath): HearthError {
  return new HearthError({
    code: 'copy-source',
    message: `${showPath(path)} changed while it was read`,
    why: 'it, or a directory above it, is not the one that was there a moment ago',
    fix: 'Build from files that stay as they are.',
  })
}
