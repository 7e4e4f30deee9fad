import type { Identity } from '../sys/identity.ts'
import type { CommandScript, RunOutcome } from './isolation.ts'

/** What the executor tells the launcher, as one line of JSON. */
export interface LaunchOrder {
  readonly root: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly user: Identity
  readonly workdir: string
  readonly hostname: string
  /** Contents of files that the command sees in place of the root's own, by absolute path. */
  readonly files: Readonly<Record<string, string>>
  readonly scripts: readonly CommandScript[]
}

/** What the launcher answers, as one line of JSON, before it ends. */
export type LaunchReport =
  | { readonly kind: 'ended'; readonly outcome: RunOutcome }
  /** The program itself could not be started. */
  | { readonly kind: 'not-started'; readonly code: string }
  /** Its surroundings could not be made. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/** The descriptor of the launcher's side of the connection. Its end is the launcher's end. */
export const channel = 3
