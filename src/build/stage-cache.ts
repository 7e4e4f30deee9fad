import type { EntryAbout } from '../../cache/about.ts'
import type { CachedLayer } from '../../cache/layer-cache.ts'
import type { Layer } from '../image/layer.ts'
import type { Log } from '../log.ts'
import type { LayerStep, StagePlan } from '../plan/step.ts'
import type { KeyedStep } from './keyed-stage.ts'
import { lineageFor, madeOnOf } from './lineage.ts'
import { keyByContent, keyOnResults, type OtherKey } from './other-keys.ts'
import type { BuildRooms } from './rooms.ts'
import type { StageLookups, UsableLayer } from './stage-lookups.ts'
import type { Standing } from './standing.ts'

export interface StageCacheOptions {
  readonly plan: StagePlan
  readonly lookups: StageLookups
  readonly rooms: BuildRooms
  readonly log: Log
  /** The lineages of the stages whose files a step takes, which are built for it. */
  readonly sourcesOf: (step: LayerStep) => Promise<readonly string[]>
  /** What later misses are explained by. */
  readonly aboutOf: (keyed: KeyedStep) => Promise<EntryAbout>
}

/** A step that no key has found. */
export interface StepToMake {
  readonly keyed: KeyedStep
  readonly others: OtherKeys
}

/** Keys that a layer is to be found by, besides the first one. */
export interface OtherKeys {
  readonly near?: OtherKey | undefined
  readonly content?: OtherKey | undefined
}

/** What is below a step: by first keys, and by others. */
export interface Below {
  readonly lineage: string
  readonly standing: Standing
}

export type SecondLook =
  | { readonly usable: UsableLayer }
  | { readonly usable: undefined; readonly others: StepToMake['others'] }

export interface NewLayer {
  readonly layer: Layer
  readonly sources: UsableLayer['sources']
  /** Of what is below, by first keys. */
  readonly lineage: string
}

type Named = Pick<KeyedStep, 'step' | 'key' | 'record'>
type Kept = Pick<CachedLayer, 'layer' | 'created' | 'madeOn' | 'content'>

/** Second looks, and what is stored for later builds. */
export class StageCache {
  readonly #options: StageCacheOptions

  constructor(options: StageCacheOptions) {
    this.#options = options
  }

  /** Looks for a step by its other keys. What is found gets all keys tried, so that the next build finds it at once. */
  async lookAgain(keyed: KeyedStep, { lineage, standing }: Below): Promise<SecondLook> {
    const { plan, lookups, rooms, log, sourcesOf } = this.#options
    const { step } = keyed
    if (!lookups.isCached(step)) return { usable: undefined, others: {} }
    const near = keyOnResults(keyed, standing)
    const hit = near && (await lookups.byOtherKey(step, near))
    const usable = await lookups.usable(step, hit, standing.lineage)
    if (usable !== undefined) {
      await this.#keepFirst(keyed, usable, lineage)
      return { usable }
    }
    const content = await keyByContent(keyed, { below: standing, platform: plan.platform, layers: rooms.layers, log })
    const cached = content && (await lookups.byOtherKey(step, content))
    if (cached === undefined || cached.madeOn !== content?.madeOn([])) {
      return { usable: undefined, others: { near, content } }
    }
    const found = { cached: { ...cached, content: content.key }, sources: await sourcesOf(step) }
    await this.#keepFirst(keyed, found, lineage)
    if (near !== undefined)
      await this.#store({ ...near, step }, { ...found.cached, madeOn: near.madeOn(found.sources) })
    return { usable: found }
  }

  /** Stores a new layer under all keys of its step. Gives the one that another build has stored in the meantime. */
  async keep({ keyed, others }: StepToMake, { layer, sources, lineage }: NewLayer): Promise<CachedLayer | undefined> {
    const created = this.#options.rooms.now
    const madeOn = madeOnOf(lineageFor(keyed.step, lineage), sources)
    const told = others.content === undefined ? {} : { content: others.content.key }
    const earlier = await this.#storeFirst(keyed, { layer, created, madeOn, ...told })
    const kept = { layer: earlier?.layer ?? layer, created: earlier?.created ?? created, ...told }
    for (const other of [others.near, others.content]) {
      if (other !== undefined) {
        await this.#store({ ...other, step: keyed.step }, { ...kept, madeOn: other.madeOn(sources) })
      }
    }
    return earlier
  }

  #keepFirst(keyed: KeyedStep, { cached, sources }: UsableLayer, lineage: string): Promise<unknown> {
    return this.#storeFirst(keyed, { ...cached, madeOn: madeOnOf(lineageFor(keyed.step, lineage), sources) })
  }

  /** Misses are explained by first keys alone. */
  async #storeFirst(keyed: KeyedStep, kept: Kept): Promise<CachedLayer | undefined> {
    const { lookups, aboutOf } = this.#options
    return lookups.isCached(keyed.step) ? this.#store(keyed, kept, await aboutOf(keyed)) : undefined
  }

  async #store(
    { step, key, record }: Named,
    { layer, created, madeOn, content }: Kept,
    about?: EntryAbout,
  ): Promise<CachedLayer | undefined> {
    const { lookups, rooms } = this.#options
    if (!lookups.isCached(step)) return undefined
    const { signal } = rooms
    const told = { ...(content === undefined ? {} : { content }), ...(about === undefined ? {} : { about }) }
    const entry = { key, record, madeOn, created, text: step.text, ...told }
    const remote = lookups.policy(step) === 'all'
    return await rooms.cache?.store(entry, layer, { remote, ...(signal === undefined ? {} : { signal }) })
  }
}
