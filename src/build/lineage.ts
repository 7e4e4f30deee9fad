import type { CacheKey } from '../../cache/key.ts'
import type { CachedLayer } from '../../cache/layer-cache.ts'
import type { Layer } from '../image/layer.ts'
import { chainID, type DiffID, digestOf } from '../oci/digest.ts'
import type { LayerStep } from '../plan/step.ts'

// Equal keys promise equal inputs, but a command may answer differently each time it runs. The lineage of a stage names
// the very results its layers rest on, so that a layer is never put on top of results it does not belong to, and files
// of one stage never come from two runs of it.

/** What a stack of layers is called in keys: by its chainID, or "scratch" when it is empty. */
export function identityOfLayers(layers: readonly Layer[]): string {
  const chain = chainID(layers.map((layer) => layer.diffID))
  return chain === undefined ? 'scratch' : `layers:${chain}`
}

/** The stage a step takes files from; undefined for steps that take none from a stage. */
export function sourceStageOf(step: LayerStep): number | undefined {
  const copies = step.kind === 'copy' || step.kind === 'add'
  return copies && step.origin.kind === 'stage' ? step.origin.index : undefined
}

export interface TakenStep {
  readonly step: LayerStep
  readonly key: CacheKey
  /** Lineage of the stage the files come from, if they do. */
  readonly source: string | undefined
  /** Of the step's layer; undefined while its stage is squashed into one. */
  readonly diffID: DiffID | undefined
}

/**
 * The lineage once a step is done. Results of commands are told by their bytes; copied files by their key and by the
 * lineage of their stage, since their times may differ from checkout to checkout.
 */
export function lineageAfter(lineage: string, { step, key, source, diffID }: TakenStep): string {
  const told = step.kind === 'run' && diffID !== undefined ? diffID : key
  return digestOf(JSON.stringify(source === undefined ? [lineage, told] : [lineage, told, source]))
}

/** What a cached layer says of itself: the lineage below it and, for files of a stage, that of the stage. */
export function madeOnOf(lineage: string, source: string | undefined): string {
  return source === undefined ? lineage : `${lineage}${separator}${source}`
}

/** The lineage of the stage whose files a cached layer holds; undefined when it says nothing of one. */
export function sourceLineageOf({ madeOn }: CachedLayer): string | undefined {
  const at = madeOn.indexOf(separator)
  return at < 0 ? undefined : madeOn.slice(at + separator.length)
}

const separator = ' from '
