import type { CacheKey } from '../../cache/key.ts'
import type { CachedLayer } from '../../cache/layer-cache.ts'
import type { Layer } from '../image/layer.ts'
import { chainID, type DiffID, digestOf } from '../oci/digest.ts'
import { isLinked, type LayerStep } from '../plan/step.ts'

// Equal keys promise equal inputs, but a command may answer differently each time it runs. The lineage of a stage names
// the very results its layers rest on, so that a layer is never put on top of results it does not belong to, and files
// of one stage never come from two runs of it.

/** What a stack of layers is called in keys: by its chainID, or "scratch" when it is empty. */
export function identityOfLayers(layers: readonly Layer[]): string {
  const chain = chainID(layers.map((layer) => layer.diffID))
  return chain === undefined ? 'scratch' : `layers:${chain}`
}

/** What the layers are called in keys once a linked one lies on top of those that are called `below`. */
export function identityOfLinked(below: string, key: CacheKey): string {
  return `linked:${digestOf(`${below} ${key}`)}`
}

export interface TakenStep {
  readonly step: LayerStep
  readonly key: CacheKey
  /** Lineages of the stages whose files it takes, in the order of `sourceStagesOf`. */
  readonly sources: readonly string[]
  /** Of the step's layer; undefined while its stage is squashed into one. */
  readonly diffID: DiffID | undefined
}

/**
 * The lineage once a step is done. Results of commands are told by their bytes; copied files by their key and by the
 * lineage of their stage, since their times may differ from checkout to checkout.
 */
export function lineageAfter(lineage: string, { step, key, sources, diffID }: TakenStep): string {
  const told = step.kind === 'run' && diffID !== undefined ? diffID : key
  return digestOf(JSON.stringify([lineage, told, ...sources]))
}

/** What a linked layer is made on. It knows of nothing, and is neither keyed nor cached by what it comes to lie on. */
export const nothingBelow = 'link'

/** The lineage that decides about a step's layer, of the one below the step. */
export function lineageFor<T extends string | undefined>(step: LayerStep, below: T): T | typeof nothingBelow {
  return isLinked(step) ? nothingBelow : below
}

/** What a cached layer says of itself: the lineage below it and, for files of stages, those of the stages. */
export function madeOnOf(lineage: string, sources: readonly string[]): string {
  return sources.length === 0 ? lineage : `${lineage}${separator}${sources.join(' ')}`
}

/** The lineages of the stages whose files a cached layer was made with; none when it says nothing of any. */
export function sourceLineagesOf({ madeOn }: CachedLayer): readonly string[] {
  const at = madeOn.indexOf(separator)
  return at < 0 ? [] : madeOn.slice(at + separator.length).split(' ')
}

const separator = ' from '
