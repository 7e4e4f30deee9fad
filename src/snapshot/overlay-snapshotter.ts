import { setImmediate as nextTurn } from 'node:timers/promises'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import { type FileRecord, recordOf } from '../rootfs/record.ts'
import type { RawPath } from '../tar/raw-path.ts'
import { changedMeanwhile } from './file-content.ts'
import { refuseMounts } from './refuse-mounts.ts'
import { areTheSame, type Found, lookTheSame } from './same-file.ts'
import type { Changes, DiffOptions, Snapshotter } from './snapshotter.ts'
import { type OverlaySides, type UpperFile, upperFiles } from './upper-files.ts'

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
 * that looks as before is compared byte by byte. Every diff tells everything since the mount.
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
    if (file.upper !== undefined && file.upper.type !== 'socket') files.push(await seen(overlay, file))
    else if (file.before !== undefined) removed.push(file.path)
    if (performance.now() - turn < sliceMs) continue
    await nextTurn()
    signal?.throwIfAborted()
    turn = performance.now()
  }
  return { changed: withOtherNames(files), removed }
}

interface SeenFile {
  /** As it is in the overlay. */
  readonly record: FileRecord
  readonly changed: boolean
}

async function seen(overlay: WatchedOverlay, { path, before }: UpperFile): Promise<SeenFile> {
  const record = recordOf(overlay.root, path)
  if (record === undefined) throw changedMeanwhile(path)
  if (before === undefined || !lookTheSame(before, record)) return { record, changed: true }
  const now: Found = { root: overlay.root, record }
  return { record, changed: !(await areTheSame({ root: overlay.before, record: before }, now)) }
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

function inodeOf({ dev, ino }: FileRecord): string {
  return `${dev}:${ino}`
}
