import { statSync } from 'node:fs'
import { makeDirectory } from '../src/content/durable.ts'
import { filesystemTime } from '../src/content/temporary.ts'
import { HearthError, messageOf, systemCode } from '../src/errors.ts'

/** What can be done with a cache directory: `none` where it is missing and cannot be made. */
export type CacheAccess = 'writable' | 'read-only' | 'none'

// The path itself is a mistake; whatever else goes wrong is the volume's fault.
const mistakes = ['ENOTDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP', 'ERR_INVALID_ARG_VALUE']

/**
 * Finds out by trying: makes the directory if it is missing, and writes a small file there and removes it. Throws a
 * HearthError when the path is something else than a directory.
 */
export function cacheAccess(directory: string): CacheAccess {
  try {
    makeDirectory(directory)
    filesystemTime(directory)
    return 'writable'
  } catch (error) {
    const code = systemCode(error) ?? ''
    // A full disk is not read-only: what is written there fails with its own message, or fits once there is room.
    if (code === 'ENOSPC' || code === 'EDQUOT') return isDirectory(directory) ? 'writable' : 'none'
    if (!mistakes.includes(code)) return isDirectory(directory) ? 'read-only' : 'none'
    throw new HearthError({
      code: 'cache-unusable',
      message: `${directory} cannot be used as a cache directory`,
      where: directory,
      why: messageOf(error),
      fix: 'Give --cache-dir a directory, or leave out --cache.',
      cause: error,
    })
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
