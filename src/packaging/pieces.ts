import type { Machine } from './machine.ts'
import type { Program } from './program.ts'
import type { SharedLibrary } from './shared-libraries.ts'

/** A file of the application. */
export interface ApplicationFile {
  /** Relative to the checkout. */
  readonly path: string
  readonly content: Buffer
}

/** A licence text of something that was made elsewhere. */
export interface Licence {
  /** What it is the licence of. */
  readonly of: string
  readonly text: Buffer
}

/** Everything an image is made of, read and found fit, but not yet adapted. */
export interface Pieces {
  readonly machine: Machine
  /** Version of hearth. */
  readonly version: string
  readonly nodeVersion: string
  readonly node: Program
  readonly libraries: readonly SharedLibrary[]
  /** Version of the C library among them. */
  readonly glibc: string
  readonly application: readonly ApplicationFile[]
  readonly busybox: Program
  /** Names busybox answers to. */
  readonly applets: readonly string[]
  /** Certificates of authorities, PEM. */
  readonly authorities: Buffer
  readonly licences: readonly Licence[]
}
