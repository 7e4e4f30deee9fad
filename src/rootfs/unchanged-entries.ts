import { HearthError } from '../errors.ts'
import { type RawPath, showPath } from '../tar/raw-path.ts'
import { type FileRecord, recordOf } from './record.ts'
import type { Root } from './root.ts'
import { entriesOf, type SelectedSource, type SourceEntry } from './selected-source.ts'

/**
 * The entries of a source. Where it is known what they were when they were digested, each is compared before it is
 * handed out and once more when the next one is asked for, and the list must be the same. Throws "copy-source".
 */
export function* unchangedEntries(source: SelectedSource): Generator<SourceEntry> {
  const { root, seen } = source
  if (seen === undefined) {
    yield* entriesOf(source)
    return
  }
  let count = 0
  for (const entry of entriesOf(source)) {
    const before = seen[count]
    if (before?.path !== entry.record.path) throw differs(seen, entry.record.path, before?.path)
    if (!isSame(before, entry.record)) throw changedSource(before.path)
    yield entry
    refuseChanged(root, before)
    count += 1
  }
  const missing = seen[count]
  if (missing !== undefined) throw changedSource(missing.path)
}

/** Throws "copy-source" when a source that was digested as one file is not what it was then. */
export function refuseChangedFile({ root, seen }: SelectedSource): void {
  if (seen?.[0] !== undefined) refuseChanged(root, seen[0])
}

function refuseChanged(root: Root, before: FileRecord): void {
  const now = recordOf(root, before.path)
  if (now === undefined || !isSame(before, now)) throw changedSource(before.path)
}

/**
 * Every way to change a file changes one of these. A directory's time changes with files that are no part of the copy,
 * too; which ones are in it is compared one by one.
 */
function isSame(a: FileRecord, b: FileRecord): boolean {
  if (a.ino !== b.ino || a.dev !== b.dev || a.type !== b.type || a.mode !== b.mode) return false
  if (a.type === 'directory' && a.mtimeNs !== b.mtimeNs) return a.uid === b.uid && a.gid === b.gid
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs
}

/** Of two lists that go on differently, the path that is in one of them only. */
function differs(seen: readonly FileRecord[], found: RawPath, expected: RawPath | undefined): HearthError {
  return changedSource(expected !== undefined && seen.some(({ path }) => path === found) ? expected : found)
}

/** For a source that is not what it was when it was looked at first. */
export function changedSource(path: RawPath): HearthError {
  return new HearthError({
    code: 'copy-source',
    message: `${showPath(path)} changed while the image was built`,
    why: 'what the cache knows of it was read when the build began',
    fix: 'Build from files that stay as they are.',
  })
}
