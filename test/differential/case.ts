import type { ContextEntry } from '../support/context.ts'
import type { TreeFile } from '../support/image-tree.ts'

/** Says what an image must be: buildah, or one of BuildKit's documented rules in a few words. */
export type Oracle = 'buildah' | { readonly rule: string }

/** A Dockerfile that builds, for one behaviour. `ARG BASE` is busybox, `ARG DEBIAN` Debian, `ARG SERVER` a web server. */
export interface ImageCase {
  readonly name: string
  /** The behaviour, as a sentence. */
  readonly pins: string
  readonly dockerfile: string
  readonly files?: Readonly<Record<string, ContextEntry>>
  /** Shell commands that make what `files` cannot hold, run in the context. */
  readonly prepare?: string
  /** NAME=value, given as --build-arg. */
  readonly buildArgs?: readonly string[]
  /** A stage; default the last one. */
  readonly target?: string
  /** Default: buildah. A rule says that buildah does not know the behaviour, or has it otherwise. */
  readonly rule?: string
  /** What must hold besides; with a rule, all that must hold. */
  readonly expect?: Expectation
}

/** What an image must hold. Nothing is said of what is not named. */
export interface Expectation {
  /** Fields of the container configuration; undefined for one that is not there. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly author?: string
  /** Path without leading slash → what is there; a text for a file's content, null for nothing. */
  readonly files?: Readonly<Record<string, ExpectedFile | string | null>>
  /** What the last entries of the history say, each with "layer: " or "empty: " in front. */
  readonly history?: readonly string[]
}

export type ExpectedFile = Partial<TreeFile> & { readonly text?: string }

/** A Dockerfile that must not build. */
export interface WrongCase {
  readonly name: string
  /** What is wrong, as a sentence. */
  readonly pins: string
  readonly dockerfile: string
  readonly files?: Readonly<Record<string, ContextEntry>>
  readonly prepare?: string
  readonly buildArgs?: readonly string[]
  readonly target?: string
  /** The error's code and line; no line where the error is not about one. */
  readonly fails: { readonly code: string; readonly line?: number; readonly says?: RegExp }
  /** Where buildah builds it all the same: the rule that forbids it. */
  readonly rule?: string
}
