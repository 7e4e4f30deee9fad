import type { Platform } from '../oci/platform.ts'
import type { NamedContexts } from '../plan/named-contexts.ts'
import type { LogChoice } from './flags/log-flags.ts'

export const lintFormats = ['text', 'json'] as const
export type LintFormat = (typeof lintFormats)[number]

export const errorChoices = ['any', 'checks', 'none'] as const
/** Which findings make the exit code 1: all, those of BuildKit's build checks, none. */
export type ErrorChoice = (typeof errorChoices)[number]

/** What "lint" was asked to do. */
export interface LintCommandOptions {
  /** As given: a path relative to the working directory or to the context. */
  readonly dockerfile: string
  readonly context: string
  readonly buildArgs: Readonly<Record<string, string>>
  /** Stage to look at, with those it needs; all of them when undefined. */
  readonly target?: string
  /** Further stages to look at. */
  readonly alsoBuilt: readonly string[]
  readonly buildContexts: NamedContexts
  readonly platform: Platform
  readonly buildPlatform: Platform
  readonly format: LintFormat
  readonly errorOn: ErrorChoice
  readonly log: LogChoice
  readonly cwd: string
  readonly warnings: readonly string[]
}
