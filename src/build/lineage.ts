import type { CacheKey } from '../../cache/key.ts'
import type { Layer } from '../image/layer.ts'
import { chainID, type DiffID, digestOf } from '../oci/digest.ts'
import type { LayerStep } from '../plan/step.ts'

/** What a stack of layers is called in keys: by its chainID, or "scratch" when it is empty. */
export function identityOfLayers(layers: readonly Layer[]): string {
  const chain = chainID(layers.map((layer) => layer.diffID))
  return chain === undefined ? 'scratch' : `layers:${chain}`
}

export interface TakenStep {
  readonly step: LayerStep
  readonly key: CacheKey
  /** Of the step's layer; undefined while its stage is squashed into one. */
  readonly diffID: DiffID | undefined
}

/**
 * Equal keys promise equal inputs, but a command may answer differently each time it runs. The lineage names the very
 * results a layer was made on, so that a layer is never put on top of results it does not belong to. Copied files are
 * told by their key (their times may differ from checkout to checkout), results of commands by their bytes.
 */
export function lineageAfter(lineage: string, { step, key, diffID }: TakenStep): string {
  const copies = step.kind === 'copy' || step.kind === 'add'
  const fixed = step.kind === 'workdir' || (copies && step.origin.kind !== 'stage')
  return digestOf(JSON.stringify([lineage, fixed || diffID === undefined ? key : diffID]))
}
