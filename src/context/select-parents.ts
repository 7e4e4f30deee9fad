import { resolve } from 'node:path/posix'
import { hasWildcard, malformedPattern } from '../dockerfile/glob.ts'
import type { IgnoreMatcher } from '../dockerfile/ignore.ts'
import { onlyMatching } from '../dockerfile/only-matching.ts'
import { entriesOf, type SelectedSource } from '../rootfs/selected-source.ts'
import { joinRaw, rawPath } from '../tar/raw-path.ts'
import { narrowed } from './narrowed.ts'
import { requirePlain, selectMatches, selectOne } from './select-one.ts'
import type { SourceTree } from './source-tree.ts'

/**
 * The directories that a source of COPY --parents is taken from, each with nothing in it but what the source names and
 * the way there. They are the tree itself, or what stands before "/./" in the source; only there symlinks are followed.
 */
export function selectWithParents(tree: SourceTree, source: string): readonly SelectedSource[] {
  const { start, below } = parted(source)
  const isLiteral = !hasWildcard(start) && !hasWildcard(below)
  const tops = (hasWildcard(start) ? selectMatches(tree, start) : [selectOne(tree, rawPath(start), source)]).filter(
    ({ isDirectory }) => isDirectory || isLiteral,
  )
  const matcher = matcherOf(below)
  const found = tops.map((top) => narrowed(top, matcher))
  if (isLiteral) for (const top of tops) requireBelow(tree, top, { below, source })
  else if (found.every(isEmpty)) tree.log?.warn(`${source} matches nothing in ${tree.title}`)
  return found
}

/** What stands before "/./" and what behind it, each as a clean path from the root of the tree or from the first one. */
function parted(source: string): { readonly start: string; readonly below: string } {
  const at = source.indexOf('/./')
  const [start, below] = at < 0 ? ['', source] : [source.slice(0, at), source.slice(at + 3)]
  return { start: resolve('/', start).slice(1), below: resolve('/', below).slice(1) }
}

function matcherOf(below: string): IgnoreMatcher {
  const matcher = onlyMatching(hasWildcard(below) ? below : below.replaceAll('\\', '\\\\'))
  if (matcher === undefined) throw malformedPattern(below)
  return matcher
}

interface Wanted {
  readonly below: string
  readonly source: string
}

function requireBelow(tree: SourceTree, top: SelectedSource, { below, source }: Wanted): void {
  if (below === '') return
  requirePlain(tree, joinRaw(top.path, rawPath(below)), source)
}

function isEmpty(source: SelectedSource): boolean {
  const entries = entriesOf(source)
  entries.next()
  return entries.next().done === true
}
