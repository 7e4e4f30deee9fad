import type { Refusal } from '../../warmer/wanted-image.ts'
import type { Wishes } from '../../warmer/wanted-images.ts'
import type { Environment } from './environment.ts'
import type { LogChoice } from './flags/log-flags.ts'
import type { RegistryFlags } from './flags/registry-flags.ts'

/** What the warmer was asked to do: every flag with its value, checked as far as it can be without touching a file. */
export interface WarmerOptions {
  /** What to warm; there is something. Paths are as given: relative to the working directory. */
  readonly wishes: Wishes
  /** Each --image that names none. */
  readonly refused: readonly Refusal[]
  /** As given: a path relative to the working directory. So are the other paths. */
  readonly cacheDir: string
  readonly cacheTtlMs: number
  /** In bytes; undefined for as much as there is room. */
  readonly cacheMaxSize: number | undefined
  readonly force: boolean
  /** Unpack what is warm, too. */
  readonly unpack: boolean
  readonly lockFile?: string
  /** Warm what the lock file says. There is one. */
  readonly locked: boolean
  /** Images and transfers at once, at least 1. */
  readonly parallel: number
  readonly format: 'text' | 'json'
  readonly report?: string
  readonly failOn: 'any' | 'all'
  /** 0 for no progress. */
  readonly progressMs: number
  readonly registry: RegistryFlags
  readonly imageDownloadRetry: number
  readonly log: LogChoice
  readonly environment: Environment
  /** What was accepted although it means nothing here: one line each, for the debug log. */
  readonly notices: readonly string[]
  readonly warnings: readonly string[]
}

export type ParsedWarmer =
  | { readonly kind: 'warm'; readonly options: WarmerOptions }
  | { readonly kind: 'version' }
  | { readonly kind: 'help'; readonly text: string }
