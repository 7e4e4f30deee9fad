import type { TarEntry } from './entry.ts'

/** Takes what a reader finds, in order. All calls are synchronous; what they throw ends the reading. */
export interface TarSink {
  /** The next entry. When it is a file, its content follows by the calls below. */
  entry(entry: TarEntry): void
  /** The next bytes of the file: those of the chunk from `start` to `end`. They must not be changed. */
  data(chunk: Uint8Array, start: number, end: number): void
  /** So many zeros that the archive does not hold. */
  hole(size: number): void
  /** The file is complete. */
  fileEnd(): void
}
