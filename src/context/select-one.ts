import { HearthError } from '../errors.ts'
import { recordOf } from '../rootfs/record.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import { isWanted, type SelectedSource, sourceAt } from '../rootfs/selected-source.ts'
import { baseName, type RawPath } from '../tar/raw-path.ts'
import { isOwn } from './own-paths.ts'
import { pathText } from './path-text.ts'
import type { SourceTree } from './source-tree.ts'
import { matchesOf } from './wildcard.ts'

/** What is at a path, symlinks followed inside the tree; `source` is how the Dockerfile has it. */
export function selectOne(tree: SourceTree, path: RawPath, source: string): SelectedSource {
  const resolved = resolveInRoot(tree.root, path, { followLast: true })
  const record = recordOf(tree.root, resolved)
  if (record === undefined) throw missing(tree, path, source)
  if (record.type === 'socket') throw refused(`${source} is a socket, which an image cannot hold`)
  const link = resolveInRoot(tree.root, path, { followLast: false })
  if (isHidden(tree, resolved) || (link !== resolved && isHidden(tree, link))) throw ignored(tree, resolved, source)
  return { ...sourceAt(tree.root, record, tree.filter), name: baseName(path) }
}

/** What a clean path with wildcards matches, in byte order, without sockets and what the ignore file keeps out. */
export function selectMatches(tree: SourceTree, pattern: string): readonly SelectedSource[] {
  const matches = matchesOf(tree.root, pattern).filter((found) => !isHidden(tree, found) && !isSocket(tree, found))
  return matches.map((found) => selectOne(tree, found, pathText(found)))
}

/** Throws "copy-source" unless something is at a path that no symlink is on the way to. */
export function requirePlain(tree: SourceTree, path: RawPath, source: string): void {
  const real = resolveInRoot(tree.root, path, { followLast: false })
  const record = recordOf(tree.root, real)
  if (record === undefined) throw missing(tree, path, source)
  if (record.type === 'socket') throw refused(`${source} is a socket, which an image cannot hold`)
  if (isHidden(tree, real)) throw ignored(tree, real, source)
  if (real === path) return
  throw new HearthError({
    code: 'copy-source',
    message: `${source} leads through a symlink, which --parents does not follow`,
    marks: source,
    fix: `Write what the symlink points to, or end it with "/./": symlinks before that are followed.`,
  })
}

/** Whether the ignore file keeps an existing path out. */
function isHidden(tree: SourceTree, path: RawPath): boolean {
  const record = recordOf(tree.root, path)
  return record !== undefined && !isWanted(sourceAt(tree.root, record, tree.filter))
}

function isSocket(tree: SourceTree, path: RawPath): boolean {
  return recordOf(tree.root, path)?.type === 'socket'
}

function missing(tree: SourceTree, path: RawPath, source: string): HearthError {
  const link = resolveInRoot(tree.root, path, { followLast: false })
  const isDangling = recordOf(tree.root, link)?.type === 'symlink'
  return new HearthError({
    code: 'copy-source',
    message: `${source} is not in ${tree.title}`,
    marks: source,
    why: isDangling ? 'it is a symlink, and what it points to does not exist in there' : undefined,
    fix: 'Check the spelling. A source is looked up there and nowhere else, even when it starts with "/" or "..".',
  })
}

function ignored(tree: SourceTree, path: RawPath, source: string): HearthError {
  if (isOwn(tree.own ?? [], path)) return refused(`${source} is what this build writes, and cannot be copied`)
  return new HearthError({
    code: 'copy-source',
    message: `${source} is not in ${tree.title}`,
    marks: source,
    why: `${tree.ignoreFile ?? 'the ignore file'} keeps it out`,
    fix: `Add "!${source}" at the end of that file.`,
  })
}

function refused(message: string): HearthError {
  return new HearthError({ code: 'copy-source', message })
}
