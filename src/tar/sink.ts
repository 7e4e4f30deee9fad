import type { TarEntry } from './entry.ts'
import type { Fragment } from './sparse.ts'

/** Where in the stream the stored content of an entry begins, and for a sparse file what of it is stored. */
export interface StoredContent {
  readonly offset: number
  readonly map?: readonly Fragment[] | undefined
}

/** Takes what a reader finds, in order. All calls are synchronous; what they throw ends the reading. */
export interface TarSink {
  /** The next entry. When it is a file, its content follows by the calls below. */
  entry(entry: TarEntry, stored: StoredContent): void
  /** The next bytes of the file: those of the chunk from `start` to `end`. They must not be changed. */
  data(chunk: Uint8Array, start: number, end: number): void
  /** So many zeros that the archive does not hold. */
  hole(size: number): void
  /** The file is complete. */
  fileEnd(): void
}
