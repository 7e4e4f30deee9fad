import { setImmediate as nextTurn } from 'node:timers/promises'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import { type FileRecord, inodeOf } from '../rootfs/record.ts'
import type { RawPath } from '../tar/raw-path.ts'
import { refuseMounts } from './refuse-mounts.ts'
import { areTheSame, lookTheSame } from './same-file.ts'
import type { Changes, DiffOptions, Snapshotter } from './snapshotter.ts'
import { type OverlaySides, upperFiles } from './upper-files.ts'

export interface WatchedOverlay extends OverlaySides {
  /** Where the overlay is mounted. */
  readonly root: string
  /** What is left out. */
  readonly ignored?: IgnoredPaths
}

/** Longest time in milliseconds for which nothing else gets its turn. */
const sliceMs = 5

/**
 * Tells what has changed in an overlay since it was mounted, from what its upper directory holds: the rest of the root is
 * not looked at. A file that was only opened for writing, or was given what it had, has been copied there as well: one
 * that looks as before is compared byte by byte. Every diff tells everything since the mount. The files told are those
 * of the upper directory: through the overlay, two names of one file may seem to be two files.
 */
export function overlaySnapshotter(overlay: WatchedOverlay): Snapshotter {
  return { diff: (options = {}) => changesIn(overlay, options) }
}

async function changesIn(overlay: WatchedOverlay, { signal }: DiffOptions): Promise<Changes> {
  signal?.throwIfAborted()
  refuseMounts(overlay.root)
  const files: SeenFile[] = []
  const removed: RawPath[] = []
  let turn = performance.now()
  for (const file of upperFiles(overlay, overlay.ignored)) {
    // A socket is as good as nothing.
    if (file.upper !== undefined && file.upper.type !== 'socket')
      files.push(await seen(overlay, file.upper, file.before))
    else if (file.before !== undefined) removed.push(file.path)
    if (performance.now() - turn < sliceMs) continue
    await nextTurn()
    signal?.throwIfAborted()
    turn = performance.now()
  }
  return { root: overlay.upper, changed: withOtherNames(files), removed }
}

interface SeenFile {
  readonly record: FileRecord
  readonly changed: boolean
}

async function seen(
  { before: root, upper }: OverlaySides,
  record: FileRecord,
  before: FileRecord | undefined,
): Promise<SeenFile> {
  if (before === undefined || !lookTheSame(before, record)) return { record, changed: true }
  return { record, changed: !(await areTheSame({ root, record: before }, { root: upper, record })) }
}

/** A file with a new name is told with the names it had, so that a layer can make them one file again. */
function withOtherNames(files: readonly SeenFile[]): readonly FileRecord[] {
  const changed = new Set<string>()
  for (const file of files) if (file.changed && isLinked(file.record)) changed.add(inodeOf(file.record))
  return files
    .filter(({ record, changed: own }) => own || (isLinked(record) && changed.has(inodeOf(record))))
    .map(({ record }) => record)
}

function isLinked({ type, nlink }: FileRecord): boolean {
  return type !== 'directory' && nlink > 1
}
