import type { FileRecord } from '../rootfs/record.ts'
import type { TouchedFile } from '../rootfs/touched-file.ts'
import type { RawPath } from '../tar/raw-path.ts'

/** What happened to a root between two looks at it. */
export interface Changes {
  /** Everything new or different, as it is now, in byte order of the paths' parts: parents before children. */
  readonly changed: readonly FileRecord[]
  /** The topmost paths that are gone, in the same order. */
  readonly removed: readonly RawPath[]
}

export interface DiffOptions {
  readonly signal?: AbortSignal
  /** Files of which it is known that nothing has changed but their ctime. */
  readonly touched?: readonly TouchedFile[]
}

/** Finds what has changed in a root. */
export interface Snapshotter {
  /** Changes since this snapshotter was made, or since the last call. */
  diff(options?: DiffOptions): Promise<Changes>
}
