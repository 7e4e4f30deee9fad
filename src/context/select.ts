import { resolve } from 'node:path/posix'
import { hasWildcard } from '../dockerfile/glob.ts'
import type { IgnoreMatcher } from '../dockerfile/ignore.ts'
import { HearthError } from '../errors.ts'
import type { Log } from '../log.ts'
import { recordOf } from '../rootfs/record.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import type { Root } from '../rootfs/root.ts'
import { isWanted, type SelectedSource, type SourceFilter, sourceAt } from '../rootfs/selected-source.ts'
import { baseName, type RawPath, rawPath } from '../tar/raw-path.ts'
import type { BuildContext } from './open-context.ts'
import { isOwn, type OwnEntry } from './own-paths.ts'
import { pathText } from './path-text.ts'
import { matchesOf } from './wildcard.ts'

/** A directory that sources are named in. */
export interface SourceTree {
  readonly root: Root
  /** What messages call it: "the build context /src", "stage builder". */
  readonly title: string
  readonly filter?: SourceFilter
  /** The file that `filter` comes from. */
  readonly ignoreFile?: string | undefined
  /** What `filter` keeps out because the build writes it. */
  readonly own?: readonly OwnEntry[]
  /** Is told of wildcards that match nothing. */
  readonly log?: Log
}

/** The context as a tree to select from; what its ignore file names is not there, nor what the build itself writes. */
export function contextTree(
  { directory, title, ignore, ignoreFile, own }: BuildContext,
  log?: Log,
): SourceTree & { readonly root: string } {
  return {
    root: directory,
    title: title ?? `the build context ${directory}`,
    filter: filterOf(ignore, own),
    ignoreFile,
    own,
    ...(log === undefined ? {} : { log }),
  }
}

/**
 * The files that sources name, in their order. A path starts at the tree's root however it is written, and symlinks on
 * it are followed inside the tree. A wildcard may match nothing, and passes by sockets, which no image can hold; any
 * other source must be there.
 */
export function selectSources(tree: SourceTree, sources: readonly string[]): readonly SelectedSource[] {
  return sources.flatMap((source) => {
    // "." and ".." go, and ".." stops at the root.
    const path = resolve('/', source).slice(1)
    if (!hasWildcard(path)) return [selectOne(tree, rawPath(path), source)]
    const matches = matchesOf(tree.root, path).filter((found) => !isHidden(tree, found) && !isSocket(tree, found))
    if (matches.length === 0) tree.log?.warn(`${source} matches nothing in ${tree.title}`)
    return matches.map((found) => selectOne(tree, found, pathText(found)))
  })
}

/** The one file or directory that a path names, in which no character is a wildcard. */
export function selectPath(tree: SourceTree, source: string): SelectedSource {
  return selectOne(tree, rawPath(resolve('/', source).slice(1)), source)
}

function selectOne(tree: SourceTree, path: RawPath, source: string): SelectedSource {
  const resolved = resolveInRoot(tree.root, path, { followLast: true })
  const record = recordOf(tree.root, resolved)
  if (record === undefined) throw missing(tree, path, source)
  if (record.type === 'socket') throw refused(`${source} is a socket, which an image cannot hold`)
  const link = resolveInRoot(tree.root, path, { followLast: false })
  if (isHidden(tree, resolved) || (link !== resolved && isHidden(tree, link))) throw ignored(tree, resolved, source)
  return { ...sourceAt(tree.root, record, tree.filter), name: baseName(path) }
}

/** Whether the ignore file keeps an existing path out. */
function isHidden(tree: SourceTree, path: RawPath): boolean {
  const record = recordOf(tree.root, path)
  return record !== undefined && !isWanted(sourceAt(tree.root, record, tree.filter))
}

function isSocket(tree: SourceTree, path: RawPath): boolean {
  return recordOf(tree.root, path)?.type === 'socket'
}

function filterOf(ignore: IgnoreMatcher, own: readonly OwnEntry[]): SourceFilter {
  return {
    ignores: (path) => isOwn(own, path) || ignore.ignores(pathText(path)),
    prunes: (directory) => isOwn(own, directory) || ignore.prunes(pathText(directory)),
  }
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
