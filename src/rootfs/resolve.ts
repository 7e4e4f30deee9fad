import { lstatSync, readlinkSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import { joinRaw, onDisk, parentOf, type RawPath, rawPath } from '../tar/raw-path.ts'
import type { Root } from './root.ts'
import { maxHops, symlinkLoop } from './symlink-loop.ts'

export interface ResolveOptions {
  /** Whether a symlink in the last part is followed, too. */
  readonly followLast: boolean
}

/**
 * Where a path below a root really is, as a process would find that has the root for its "/": no symlink, absolute or
 * relative, and no ".." leads out of it. Parts that do not exist stay as they are. Throws HearthError for a loop of
 * symlinks.
 */
export function resolveInRoot(root: Root, path: RawPath, options: ResolveOptions): RawPath {
  return resolvePath(path, (link) => linkTarget(root, link), options)
}

/** The same where `linkAt` gives the text of a symlink, raw; undefined for anything else and for nothing. */
export function resolvePath(
  path: RawPath,
  linkAt: (path: RawPath) => string | undefined,
  { followLast }: ResolveOptions,
): RawPath {
  const parts = path.split('/').reverse()
  let at = rawPath('')
  let hops = 0
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      at = parentOf(at)
      continue
    }
    const next = joinRaw(at, part as RawPath)
    const target = parts.length > 0 || followLast ? linkAt(next) : undefined
    if (target === undefined) {
      at = next
      continue
    }
    hops += 1
    if (hops > maxHops) throw symlinkLoop(path)
    if (target.startsWith('/')) at = rawPath('')
    parts.push(...target.split('/').reverse())
  }
  return at
}

/** The text of a symlink, raw; undefined for anything else and for nothing. */
function linkTarget(root: Root, path: RawPath): string | undefined {
  if (typeof root !== 'string') return root.target(path)
  const host = onDisk(root, path)
  try {
    const stat = lstatSync(host, { throwIfNoEntry: false })
    return stat?.isSymbolicLink() === true ? readlinkSync(host, { encoding: 'latin1' }) : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}
