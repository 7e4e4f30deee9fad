import { resolve } from 'node:path/posix'
import { hasWildcard } from '../dockerfile/glob.ts'
import type { IgnoreMatcher } from '../dockerfile/ignore.ts'
import type { Log } from '../log.ts'
import type { SelectedSource } from '../rootfs/selected-source.ts'
import { type RawPath, rawPath, showPath } from '../tar/raw-path.ts'
import { excluding } from './narrowed.ts'
import { selectMatches, selectOne } from './select-one.ts'
import { selectWithParents } from './select-parents.ts'
import type { SourceTree } from './source-tree.ts'

export interface SelectOptions {
  /** What is left out, by paths below each source; of a source that is a file, by its name. */
  readonly exclude?: IgnoreMatcher
  /** Sources keep the directories they are written with. */
  readonly parents?: boolean
}

/**
 * The files that sources name, in their order. A path starts at the tree's root however it is written, and symlinks on
 * it are followed inside the tree. A wildcard may match nothing, and passes by sockets, which no image can hold; any
 * other source must be there.
 */
export function selectSources(
  tree: SourceTree,
  sources: readonly string[],
  { exclude, parents = false }: SelectOptions = {},
): readonly SelectedSource[] {
  const select = parents ? selectWithParents : selectPlain
  const { log } = tree
  const found = sources.flatMap((source) => select(tree, source))
  const selected = log === undefined ? found : tellingOfSockets(found, log)
  return exclude === undefined ? selected : selected.flatMap((source) => excluding(source, exclude))
}

/** Each one is told of once, however often its source is walked. */
function tellingOfSockets(sources: readonly SelectedSource[], log: Log): readonly SelectedSource[] {
  const told = new Set<RawPath>()
  const onSocket = (path: RawPath): void => {
    if (!told.has(path)) log.warn(`${showPath(path)} is a socket, which an image cannot hold: it is left out`)
    told.add(path)
  }
  return sources.map((source) => ({ ...source, onSocket }))
}

function selectPlain(tree: SourceTree, source: string): readonly SelectedSource[] {
  // "." and ".." go, and ".." stops at the root.
  const path = resolve('/', source).slice(1)
  if (!hasWildcard(path)) return [selectOne(tree, rawPath(path), source)]
  const matches = selectMatches(tree, path)
  if (matches.length === 0) tree.log?.warn(`${source} matches nothing in ${tree.title}`)
  return matches
}

/** The one file or directory that a path names, in which no character is a wildcard. */
export function selectPath(tree: SourceTree, source: string): SelectedSource {
  return selectOne(tree, rawPath(resolve('/', source).slice(1)), source)
}
