import type { FileRecord } from '../rootfs/record.ts'
import type { RawPath } from '../tar/raw-path.ts'

/** What happened to a root between two looks at it. */
export interface Changes {
  /** Everything new or different, as it is now, in byte order of the paths' parts: parents before children. */
  readonly changed: readonly FileRecord[]
  /** The topmost paths that are gone, in the same order. */
  readonly removed: readonly RawPath[]
  /** Host directory that the changed files and the directories above them are in, if it is not the root. */
  readonly root?: string
  /** Those of `changed` that look as before: only their inode says that something was done to them. */
  readonly touched?: ReadonlySet<RawPath>
}

export interface DiffOptions {
  readonly signal?: AbortSignal
}

/** Finds what has changed in a root. */
export interface Snapshotter {
  /** Changes since this snapshotter was made, or since the last call. */
  diff(options?: DiffOptions): Promise<Changes>
}
