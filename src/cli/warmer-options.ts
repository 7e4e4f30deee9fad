import type { NamedImage } from '../../warmer/wanted-image.ts'
import type { HearthError } from '../errors.ts'
import type { Platform } from '../oci/platform.ts'
import type { Environment } from './environment.ts'
import type { LogChoice } from './flags/log-flags.ts'
import type { RegistryFlags } from './flags/registry-flags.ts'

/** An --image that names none. */
export interface RefusedImage {
  readonly text: string
  readonly error: HearthError
}

/** What the warmer was asked to do: every flag with its value, checked as far as it can be without touching a file. */
export interface WarmerOptions {
  readonly images: readonly NamedImage[]
  readonly refused: readonly RefusedImage[]
  /** As given: a path relative to the working directory. There is one, or an image, or both. */
  readonly dockerfile?: string
  readonly buildArgs: Readonly<Record<string, string>>
  /** As given: a path relative to the working directory. */
  readonly cacheDir: string
  readonly cacheTtlMs: number
  /** In bytes; undefined for as much as there is room. */
  readonly cacheMaxSize: number | undefined
  readonly force: boolean
  readonly registry: RegistryFlags
  readonly imageDownloadRetry: number
  /** The host's own unless --custom-platform says otherwise. */
  readonly platform: Platform
  readonly buildPlatform: Platform
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
