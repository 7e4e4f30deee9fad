import { compileGlob, hasWildcard } from '../dockerfile/glob.ts'
import { recordOf } from '../rootfs/record.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import type { Root } from '../rootfs/root.ts'
import { namesIn } from '../rootfs/selected-source.ts'
import { joinRaw, type RawPath, rawPath } from '../tar/raw-path.ts'
import { pathText } from './path-text.ts'

/**
 * The files a pattern matches, in byte order; it has a wildcard and no "..". Symlinks are followed up to the first part
 * with a wildcard, not from there on, and no wildcard matches a slash.
 */
export function matchesOf(root: Root, pattern: string): readonly RawPath[] {
  const parts = pattern.split('/')
  const first = parts.findIndex(hasWildcard)
  const start = resolveInRoot(root, rawPath(parts.slice(0, first).join('/')), { followLast: true })
  let found: readonly RawPath[] = [start]
  for (const part of parts.slice(first)) {
    const matches = compileGlob(part)
    found = found.flatMap((directory) => childrenOf(root, directory).filter((path) => matches(lastPart(path))))
  }
  return found
}

function childrenOf(root: Root, directory: RawPath): readonly RawPath[] {
  if (recordOf(root, directory)?.type !== 'directory') return []
  return namesIn(root, directory).map((name) => joinRaw(directory, name))
}

function lastPart(path: RawPath): string {
  return pathText(path.slice(path.lastIndexOf('/') + 1) as RawPath)
}
