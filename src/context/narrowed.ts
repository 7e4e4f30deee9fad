import type { IgnoreMatcher } from '../dockerfile/ignore.ts'
import type { SelectedSource, SourceFilter } from '../rootfs/selected-source.ts'
import { pathText } from './path-text.ts'

/** A directory without what a matcher ignores, whose paths are those below the directory. */
export function narrowed(source: SelectedSource, matcher: IgnoreMatcher): SelectedSource {
  const narrowing: SourceFilter = {
    ignores: (path) => matcher.ignores(pathText(path)),
    prunes: (directory) => matcher.prunes(pathText(directory)),
  }
  return { ...source, narrowing: source.narrowing === undefined ? narrowing : both(source.narrowing, narrowing) }
}

/** Nothing of a source that is left out by its name, and a directory without what is left out of it. */
export function excluding(source: SelectedSource, exclude: IgnoreMatcher): readonly SelectedSource[] {
  if (source.isDirectory) return [narrowed(source, exclude)]
  return exclude.ignores(pathText(source.name)) ? [] : [source]
}

function both(one: SourceFilter, other: SourceFilter): SourceFilter {
  return {
    ignores: (path) => one.ignores(path) || other.ignores(path),
    prunes: (path) => prunedBy(one, path) || prunedBy(other, path),
  }
}

function prunedBy(filter: SourceFilter, path: Parameters<SourceFilter['prunes']>[0]): boolean {
  return filter.ignores(path) && filter.prunes(path)
}
