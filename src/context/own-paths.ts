import { realpathSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { HearthError, systemCode } from '../errors.ts'
import { type RawPath, rawPath } from '../tar/raw-path.ts'
import { isInside } from './steering-file.ts'

/** A file or directory that the build itself writes. */
export interface OwnPath {
  /** What messages call it: "The cache directory". */
  readonly title: string
  /** Absolute; nothing needs to be there yet. */
  readonly path: string
}

/** An own path that lies in the context. */
export interface OwnEntry {
  readonly title: string
  /** Below the context's directory. */
  readonly path: RawPath
}

/** Those of the paths that lie in a context, which must not copy them. Throws for one that is the context. */
export function ownEntries(directory: string, own: readonly OwnPath[]): readonly OwnEntry[] {
  const top = realpathSync.native(directory)
  return own.flatMap(({ title, path }) => {
    const real = realOf(path)
    if (real === top) throw isContext(title, directory)
    return isInside(real, top) ? [{ title, path: rawPath(relative(top, real)) }] : []
  })
}

/** Whether a path of the context is an own one or lies in it. */
export function isOwn(own: readonly OwnEntry[], path: RawPath): boolean {
  return own.some((entry) => isInside(path, entry.path))
}

/** Where a path leads that may end in parts which do not exist. */
function realOf(path: string): string {
  try {
    return realpathSync.native(path)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '') || dirname(path) === path) throw error
    return join(realOf(dirname(path)), basename(path))
  }
}

function isContext(title: string, directory: string): HearthError {
  return new HearthError({
    code: 'context-unsupported',
    message: `${title} is the build context itself: ${directory}`,
    why: 'what the build writes there would become part of what it reads',
    fix: 'Give it a directory of its own.',
  })
}
