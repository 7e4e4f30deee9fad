import { resolve } from 'node:path/posix'
import { hasWildcard } from '../dockerfile/glob.ts'
import type { IgnoreMatcher } from '../dockerfile/ignore.ts'
import type { SelectedSource } from '../rootfs/selected-source.ts'
import { rawPath } from '../tar/raw-path.ts'
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
  const selected = sources.flatMap((source) => select(tree, source))
  return exclude === undefined ? selected : selected.flatMap((source) => excluding(source, exclude))
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
