import type { CacheKey } from '../../cache/key.ts'
import type { CachedLayer } from '../../cache/layer-cache.ts'
import { isWhole } from '../image/layer.ts'
import { type LayerStep, type StagePlan, sourceStagesOf } from '../plan/step.ts'
import type { BuildGraph } from './build-graph.ts'
import { type KeyedStage, type KeyedStep, keyStage } from './keyed-stage.ts'
import { identityOfLayers, lineageAfter, lineageFor, madeOnOf } from './lineage.ts'
import type { OtherKey } from './other-keys.ts'
import type { BuildRooms, CachePolicy } from './rooms.ts'

export interface LookupOptions {
  readonly plan: StagePlan
  readonly graph: BuildGraph
  readonly rooms: BuildRooms
  /** The stage becomes one layer, which no cache has. */
  readonly isSquashed: boolean
}

/** A cached layer that may be used, with the lineages of the stages whose files it was made with. */
export interface UsableLayer {
  readonly cached: CachedLayer
  readonly sources: readonly string[]
}

/** What the cache has for the steps of one stage; nothing is built to find out. */
export class StageLookups {
  /** The steps whose keys are known by now, in their order; all of them once `keyed` has come through. */
  readonly keyedSoFar: readonly KeyedStep[]
  /** Keys whose layer was found and turned out damaged. */
  readonly damaged: ReadonlySet<CacheKey>
  readonly #damaged = new Set<CacheKey>()
  readonly #options: LookupOptions
  readonly #steps: KeyedStep[] = []
  #keyed: Promise<KeyedStage> | undefined
  #hits: Promise<readonly Promise<CachedLayer | undefined>[]> | undefined
  #lineage: Promise<string | undefined> | undefined

  constructor(options: LookupOptions) {
    this.#options = options
    this.keyedSoFar = this.#steps
    this.damaged = this.#damaged
  }

  keyed(): Promise<KeyedStage> {
    const { plan, graph, rooms } = this.#options
    this.#keyed ??= keyStage(plan, graph, rooms, this.#steps)
    return this.#keyed
  }

  /** The answers of the cache, one for each layer step; all steps are asked about at once. */
  hits(): Promise<readonly Promise<CachedLayer | undefined>[]> {
    this.#hits ??= this.keyed().then(({ steps }) =>
      this.#checked(steps.map(({ step, key }) => this.#lookup(step, key))),
    )
    return this.#hits
  }

  /** The answer about a step, if its layer belongs on this lineage. */
  async usable(step: LayerStep, hit: CachedLayer | undefined, lineage: string): Promise<UsableLayer | undefined> {
    if (hit === undefined) return undefined
    const { graph } = this.#options
    const agreed = await Promise.all(sourceStagesOf(step).map((index) => graph.agreedLineage(index)))
    const sources = agreed.filter((source) => source !== undefined)
    if (sources.length < agreed.length) return undefined
    return hit.madeOn === madeOnOf(lineageFor(step, lineage), sources) ? { cached: hit, sources } : undefined
  }

  /** What the cache has for another key of a step, if it is whole; whether it may be used is another question. */
  async byOtherKey(step: LayerStep, { key }: Pick<OtherKey, 'key'>): Promise<CachedLayer | undefined> {
    const { signal } = this.#options.rooms
    const hit = await this.#lookup(step, key)
    if (hit === undefined) return undefined
    return (await isWhole(hit.layer, signal === undefined ? {} : { signal })) ? hit : undefined
  }

  /** The layer that another build on this machine's directory has stored since the step was first looked for. */
  async madeMeanwhile(step: LayerStep, key: CacheKey, madeOn: string): Promise<CachedLayer | undefined> {
    const { cache, signal } = this.#options.rooms
    const abort = signal === undefined ? {} : { signal }
    const hit = this.isCached(step) ? await cache?.lookup(key, { remote: false, ...abort }) : undefined
    if (hit?.madeOn !== madeOn) return undefined
    return (await isWhole(hit.layer, abort)) ? hit : undefined
  }

  /** Whether the step's layer may be looked for and kept. */
  isCached(step: LayerStep): boolean {
    return this.#options.rooms.cache !== undefined && this.policy(step) !== 'none' && !this.#options.isSquashed
  }

  /** The lineage of the whole stage when every layer of it can be taken from the cache; undefined otherwise. */
  lineage(): Promise<string | undefined> {
    this.#lineage ??= this.#wholeLineage()
    return this.#lineage
  }

  policy(step: LayerStep): CachePolicy {
    const { run, copy } = this.#options.rooms.cachePolicy
    return step.kind === 'run' || step.kind === 'workdir' ? run : copy
  }

  async #wholeLineage(): Promise<string | undefined> {
    const { steps } = await this.keyed()
    const hits = await this.hits()
    let lineage = await this.#baseLineage()
    for (const [i, { step, key }] of steps.entries()) {
      if (lineage === undefined) return undefined
      const found = await this.usable(step, await hits[i], lineage)
      if (found === undefined) return undefined
      const { cached, sources } = found
      lineage = lineageAfter(lineage, { step, key, sources, diffID: cached.layer.diffID })
    }
    return lineage
  }

  async #baseLineage(): Promise<string | undefined> {
    const { plan, graph, rooms } = this.#options
    const { base } = plan
    if (base.kind === 'scratch') return 'scratch'
    if (base.kind === 'stage') return graph.stage(base.index).lookups.lineage()
    const { image } = await rooms.images.find(base.reference, base.platform)
    return identityOfLayers(image.layers)
  }

  /** Where a step must run, the layers are unpacked: one whose copy turns out damaged is better made again, too. */
  #checked(asked: readonly Promise<CachedLayer | undefined>[]): readonly Promise<CachedLayer | undefined>[] {
    const { signal } = this.#options.rooms
    return asked.map((answer) => {
      const checked = Promise.all(asked).then(async (all) => {
        const hit = await answer
        if (hit === undefined || !all.includes(undefined)) return hit
        if (await isWhole(hit.layer, signal === undefined ? {} : { signal })) return hit
        this.#damaged.add(hit.key)
        return undefined
      })
      // Awaited when the step's turn comes.
      checked.catch(() => {})
      return checked
    })
  }

  async #lookup(step: LayerStep, key: CacheKey): Promise<CachedLayer | undefined> {
    const { cache, signal } = this.#options.rooms
    if (!this.isCached(step)) return undefined
    return cache?.lookup(key, { remote: this.policy(step) === 'all', ...(signal === undefined ? {} : { signal }) })
  }
}
