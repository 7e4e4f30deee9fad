import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { sep } from 'node:path'
import { systemCode } from '../errors.ts'

export type ReadOutcome =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly why: string }

/** More bytes than any Dockerfile or ignore file has. */
export const maxSteeringFileSize = 16 << 20

/**
 * Reads a text file the build is steered by. With `within`, symlinks may not lead out of that directory. A pipe or a
 * device is refused: reading it could wait forever.
 */
export function readSteeringFile(path: string, within?: string): ReadOutcome {
  try {
    const real = realpathSync.native(path)
    if (within !== undefined && !isInside(real, realpathSync.native(within))) {
      return { kind: 'refused', why: `it is a symlink to ${real}, outside of ${within}` }
    }
    return read(real)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return { kind: 'missing' }
    if (systemCode(error) === 'ELOOP') return { kind: 'refused', why: 'it is a symlink that leads to itself' }
    throw error
  }
}

function read(path: string): ReadOutcome {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  try {
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) return { kind: 'refused', why: 'it is a directory' }
    if (!stat.isFile()) return { kind: 'refused', why: 'it is not a regular file' }
    if (stat.size > maxSteeringFileSize)
      return { kind: 'refused', why: `it is larger than ${maxSteeringFileSize >> 20} MiB` }
    return { kind: 'text', text: readFileSync(descriptor, 'utf8') }
  } finally {
    closeSync(descriptor)
  }
}

/** Whether an absolute path is a directory or lies below it; both without symlinks. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep)
}
