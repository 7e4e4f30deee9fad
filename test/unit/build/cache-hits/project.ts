import type { ContainerConfig } from '../../../../src/oci/image-config.ts'
import type { ContextEntry } from '../../../support/context.ts'

/** A base image: files on top of busybox, and what its configuration says. */
export interface Base {
  readonly files?: Readonly<Record<string, string>>
  readonly config?: ContainerConfig
}

/** One thing that happens to a project after its first build. */
export interface Change {
  readonly what: string
  /** Files of the context by their new content; undefined for one that goes. */
  readonly files?: Readonly<Record<string, ContextEntry | undefined>>
  /** Texts of the Dockerfile, each with what takes its place. */
  readonly dockerfile?: readonly (readonly [from: string, to: string])[]
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly bases?: Readonly<Record<string, Base>>
  /** Gives all files another time. */
  readonly touches?: boolean
}

/** A project as one meets them, with commands that need no network and no compiler. */
export interface Project {
  readonly dockerfile: string
  readonly files: Readonly<Record<string, ContextEntry>>
  readonly bases: Readonly<Record<string, Base>>
  readonly changes: readonly Change[]
}
