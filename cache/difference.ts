import type { KeyValue } from './key.ts'

/** One thing that two records differ in. `from` is what the older one has; null stands for nothing. */
export type Difference =
  | PlaceDifference
  | VariableDifference
  | ValueDifference
  | FileDifference
  /** The lists of files differ, and the older one is no longer kept. */
  | { readonly kind: 'files' }

/** Another thing below it, or other files to copy or mount, by what identities are called. */
export interface PlaceDifference {
  readonly kind: 'place'
  /** "below" for what the layer lies on, "from" for where files are copied from, or the target of a mount. */
  readonly of: string
  readonly from: Identity | null
  readonly to: Identity | null
}

/** The identity of a stage, an image or a step's layer, as records have it. */
export interface Identity {
  readonly identity: string
  /** "debian:bookworm@sha256:…", "stage builder"; undefined for the step below, and where nobody has kept it. */
  readonly name: string | undefined
}

export interface VariableDifference {
  readonly kind: 'variable'
  readonly variable: 'ARG' | 'ENV'
  readonly name: string
  /** "***" for a value that is not to be seen. */
  readonly from: string | null
  readonly to: string | null
}

export interface ValueDifference {
  readonly kind: 'value'
  /** "shell", "command", "user", "workdir", "chown", …; "mount /target". */
  readonly name: string
  readonly from: KeyValue
  readonly to: KeyValue
}

export interface FileDifference {
  readonly kind: 'file'
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  /** What of a file that both have differs. */
  readonly what: readonly FileAspect[]
}

export interface FileAspect {
  /** "content", "mode", "owner", "attributes", "type" */
  readonly name: string
  /** Modes in octal, owners as uid:gid. */
  readonly from: string
  readonly to: string
}
