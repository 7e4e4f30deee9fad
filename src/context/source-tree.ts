import type { IgnoreMatcher } from '../dockerfile/ignore.ts'
import type { Log } from '../log.ts'
import type { Root } from '../rootfs/root.ts'
import type { SourceFilter } from '../rootfs/selected-source.ts'
import type { BuildContext } from './open-context.ts'
import { isOwn, type OwnEntry } from './own-paths.ts'
import { pathText } from './path-text.ts'

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

function filterOf(ignore: IgnoreMatcher, own: readonly OwnEntry[]): SourceFilter {
  return {
    ignores: (path) => isOwn(own, path) || ignore.ignores(pathText(path)),
    prunes: (directory) => isOwn(own, directory) || ignore.prunes(pathText(directory)),
  }
}
