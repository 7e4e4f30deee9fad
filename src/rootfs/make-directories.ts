import { chmodSync, lchownSync, mkdirSync } from 'node:fs'
import { HearthError } from '../errors.ts'
import { joinRaw, onDisk, type RawPath, rawPath, showPath } from '../tar/raw-path.ts'
import type { IgnoredPaths } from './ignored-paths.ts'
import { belongsToMachine } from './machine-path.ts'
import { recordOf } from './record.ts'
import { resolveInRoot } from './resolve.ts'
import type { Root } from './root.ts'

export interface NewDirectory {
  readonly uid: number
  readonly gid: number
  /** Permission bits, 07777. */
  readonly mode: number
}

/**
 * Makes a directory inside a root with its missing parents and gives its resolved path. Symlinks on the way are followed
 * inside the root, a dangling one to the directory it asks for. What exists stays as it is; nothing is made in what is
 * ignored.
 */
export function makeDirectories(root: Root, path: RawPath, created: NewDirectory, ignored?: IgnoredPaths): RawPath {
  const target = resolveInRoot(root, path, { followLast: true })
  let made = rawPath('')
  for (const name of target.split('/').filter((part) => part !== '')) {
    made = joinRaw(made, name as RawPath)
    const existing = recordOf(root, made)
    if (existing === undefined) {
      refuseIgnored(made, ignored)
      makeDirectory(root, made, created)
    } else if (existing.type !== 'directory') throw notADirectory(made)
  }
  return target
}

/** Makes a directory in one that is there. */
export function makeDirectory(root: Root, path: RawPath, created: NewDirectory): void {
  if (typeof root !== 'string') {
    root.put(path, { type: 'directory' })
    root.setOwnerAndMode(path, created)
    return
  }
  const host = onDisk(root, path)
  mkdirSync(host, { mode: 0o700 })
  lchownSync(host, created.uid, created.gid)
  chmodSync(host, created.mode)
}

/** Throws "copy-destination" for a resolved path that is not the image's. */
export function refuseIgnored(path: RawPath, ignored: IgnoredPaths | undefined): void {
  const owned = ignored?.coveredBy(path)
  if (owned !== undefined) throw belongsToMachine(path, owned)
}

export function notADirectory(path: RawPath): HearthError {
  return new HearthError({
    code: 'copy-destination',
    message: `cannot copy to non-directory: ${showPath(path)}`,
    why: 'a file or a symlink of that name is in the way of a directory',
    fix: 'Remove it in a RUN before, or copy to where it points.',
  })
}
