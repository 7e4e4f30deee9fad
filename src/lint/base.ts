import type { Dockerfile, DockerfileStage } from '../dockerfile/dockerfile.ts'
import { expandWord } from '../dockerfile/expand.ts'
import type { ImageConfig } from '../oci/image-config.ts'
import { type Platform, parsePlatform } from '../oci/platform.ts'
import { type ImageReference, parseReference } from '../oci/reference.ts'
import { contextNamed } from '../plan/named-contexts.ts'
import type { Variables } from '../plan/scope.ts'
import type { LintOptions, LintStage } from './subject.ts'

/** What a stage is built on. */
export type LintBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | {
      readonly kind: 'image'
      /** Undefined where FROM names none, which is an error of its own. */
      readonly reference: ImageReference | undefined
      /** Of the image that is wanted. */
      readonly platform: Platform
      readonly config: ImageConfig | undefined
    }

interface Surroundings {
  readonly earlier: readonly LintStage[]
  readonly globalArgs: Variables
  readonly dockerfile: Dockerfile
  readonly options: LintOptions
}

export function findBase(stage: DockerfileStage, around: Surroundings): LintBase {
  const { from } = stage
  const { earlier, globalArgs, dockerfile, options } = around
  const expand = (raw: string): string | undefined =>
    attempt(() => expandWord(raw, (name) => globalArgs.get(name), dockerfile))
  const image = expand(from.image) ?? ''
  const replacement = contextNamed(options.contexts, stage.name ?? '')
  const index =
    replacement !== undefined ? -1 : earlier.findLastIndex((other) => other.stage.name === image.toLowerCase())
  if (index >= 0) return { kind: 'stage', index }
  if (replacement === undefined && image === 'scratch') return { kind: 'scratch' }
  const context = replacement ?? contextNamed(options.contexts, image)
  if (context !== undefined && context.kind !== 'image') return { kind: 'scratch' }
  const reference = context?.reference ?? attempt(() => parseReference(image))
  const wanted =
    from.platform === undefined ? undefined : attempt(() => parsePlatform(expand(from.platform ?? '') ?? ''))
  const platform = wanted ?? options.platform
  const config = reference === undefined ? undefined : options.baseConfig?.(reference, platform)
  return { kind: 'image', reference, platform, config }
}

/** Undefined for what cannot be read: planning refuses it with a better message. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
