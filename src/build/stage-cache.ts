import type { CachedLayer } from '../../cache/layer-cache.ts'
import type { Layer } from '../image/layer.ts'
import type { Log } from '../log.ts'
import type { LayerStep, StagePlan } from '../plan/step.ts'
import type { KeyedStep } from './keyed-stage.ts'
import type { BuildRooms } from './rooms.ts'
import { type SecondKey, secondKeyOf } from './second-key.ts'
import type { StageLookups } from './stage-lookups.ts'
import type { Standing } from './standing.ts'

export interface StageCacheOptions {
  readonly plan: StagePlan
  readonly lookups: StageLookups
  readonly rooms: BuildRooms
  readonly log: Log
}

/** A step that its first key did not find. */
export interface StepToMake {
  readonly keyed: KeyedStep
  readonly second: SecondKey | undefined
}

type Named = Pick<KeyedStep, 'step' | 'key' | 'record'>
type Kept = Pick<CachedLayer, 'layer' | 'created' | 'madeOn'>

/** Second looks, and what is stored for later builds. */
export class StageCache {
  readonly #options: StageCacheOptions

  constructor(options: StageCacheOptions) {
    this.#options = options
  }

  /** The key under which a step can be looked for once more; may build the stages whose files it takes. */
  async secondKey(keyed: KeyedStep, below: Standing): Promise<StepToMake> {
    const { plan, lookups, rooms, log } = this.#options
    if (!lookups.isCached(keyed.step)) return { keyed, second: undefined }
    const around = { platform: plan.platform, layers: rooms.layers }
    return { keyed, second: await secondKeyOf(keyed, { below, log, ...around }) }
  }

  /** The layer of the second key. It gets the first key as well, so that the next build need not look twice. */
  async lookAgain({ keyed, second }: StepToMake, madeOn: () => Promise<string>): Promise<CachedLayer | undefined> {
    if (second === undefined) return undefined
    const found = await this.#options.lookups.bySecondKey(keyed.step, second)
    if (found !== undefined) await this.#store(keyed, { ...found, madeOn: await madeOn() })
    return found
  }

  /** Stores a new layer under all keys of its step. Gives the one that another build has stored in the meantime. */
  async keep({ keyed, second }: StepToMake, layer: Layer, madeOn: string): Promise<CachedLayer | undefined> {
    const created = this.#options.rooms.now
    const earlier = await this.#store(keyed, { layer, created, madeOn })
    if (second === undefined) return earlier
    const kept = earlier ?? { layer, created }
    await this.#store({ ...second, step: keyed.step }, { ...kept, madeOn: second.madeOn })
    return earlier
  }

  async #store({ step, key, record }: Named, { layer, created, madeOn }: Kept): Promise<CachedLayer | undefined> {
    const { lookups, rooms } = this.#options
    if (!lookups.isCached(step)) return undefined
    const entry = { key, record, madeOn, created, text: step.text }
    return await rooms.cache?.store(entry, layer, { remote: isForAll(lookups, step), ...signalOf(rooms) })
  }
}

function isForAll(lookups: StageLookups, step: LayerStep): boolean {
  return lookups.policy(step) === 'all'
}

function signalOf({ signal }: BuildRooms): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
