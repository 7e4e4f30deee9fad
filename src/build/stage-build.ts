import { type CacheKey, cacheKey, type KeyRecord } from '../../cache/key.ts'
import type { CachedLayer } from '../../cache/layer-cache.ts'
import { HearthError } from '../errors.ts'
import type { Layer, StoredLayer } from '../image/layer.ts'
import { storeLayer } from '../image/layer.ts'
import type { Log } from '../log.ts'
import type { ContainerConfig, History, ImageConfig } from '../oci/image-config.ts'
import type { LayerStep, StagePlan, Step } from '../plan/step.ts'
import { stageTitle } from '../plan/step.ts'
import { layerItems } from '../snapshot/layer-items.ts'
import { writeTar } from '../tar/write.ts'
import type { BuildGraph } from './build-graph.ts'
import { historyOf, newestOf, timeOf } from './history.ts'
import { identityOfLayers, lineageAfter } from './lineage.ts'
import { type PreparedStep, prepareStep } from './prepared-step.ts'
import { formatSize, type StepReport } from './report.ts'
import type { BuildRooms, CachePolicy } from './rooms.ts'
import { StageRoot } from './stage-root.ts'
import { keyRecordOf } from './step-key.ts'

/** A stage whose layers are all known: found in the cache or made. */
export interface BuiltStage {
  readonly layers: readonly Layer[]
  readonly history: readonly History[]
  readonly config: ContainerConfig
  /** The configuration of the image at the bottom; undefined above scratch. */
  readonly baseConfig: ImageConfig | undefined
  readonly author: string | undefined
  readonly created: Date
  /** Says which results of commands the layers rest on; see `lineageAfter`. */
  readonly lineage: string
}

interface KeyedStep {
  readonly step: LayerStep
  readonly prepared: PreparedStep
  readonly record: KeyRecord
  readonly key: CacheKey
}

interface KeyedStage {
  readonly steps: readonly KeyedStep[]
  /** Key of the topmost layer, or the identity of the base when the stage adds none. */
  readonly identity: string
}

/** Layers and history while a stage grows. */
interface Growth {
  readonly layers: Layer[]
  readonly history: History[]
  lineage: string
  created: Date
}

/** Builds one stage, at most once, and only as far as somebody asks. */
export class StageBuild {
  readonly plan: StagePlan
  readonly reports: StepReport[] = []
  readonly #graph: BuildGraph
  readonly #rooms: BuildRooms
  readonly #root: StageRoot
  readonly #log: Log
  readonly #single: boolean
  #keyed: Promise<KeyedStage> | undefined
  #built: Promise<BuiltStage> | undefined

  constructor(plan: StagePlan, graph: BuildGraph, rooms: BuildRooms) {
    this.plan = plan
    this.#graph = graph
    this.#rooms = rooms
    this.#log = rooms.log.child(`[${stageTitle(plan)}]`)
    this.#root = new StageRoot(`${rooms.workDir}/stage-${plan.index}`, rooms, this.#log)
    this.#single = rooms.layers.singleSnapshot && graph.target === plan.index
  }

  /** What the stage's files depend on, known without building it. */
  async identity(): Promise<string> {
    return (await this.#keys()).identity
  }

  built(): Promise<BuiltStage> {
    this.#built ??= this.#build()
    return this.#built
  }

  /** The directory with all of the stage's files. */
  async root(): Promise<string> {
    const { layers } = await this.built()
    await this.#root.bringTo(layers)
    return this.#root.path
  }

  #keys(): Promise<KeyedStage> {
    this.#keyed ??= this.#computeKeys()
    return this.#keyed
  }

  async #computeKeys(): Promise<KeyedStage> {
    let parent = await this.#baseIdentity()
    const steps: KeyedStep[] = []
    for (const step of layerStepsOf(this.plan)) {
      const prepared = await this.#naming(step, () => prepareStep(step, this.#graph, this.#rooms))
      const { origin, inputs } = prepared
      const { reproducible } = this.#rooms.layers
      const record = keyRecordOf(step, { parent, platform: this.plan.platform, reproducible, origin, inputs })
      const key = cacheKey(record)
      steps.push({ step, prepared, record, key })
      parent = key
    }
    return { steps, identity: parent }
  }

  async #baseIdentity(): Promise<string> {
    const { base } = this.plan
    if (base.kind === 'scratch') return 'scratch'
    if (base.kind === 'stage') return this.#graph.stage(base.index).identity()
    const { image } = await this.#rooms.images.find(base.reference, base.platform)
    return identityOfLayers(image.layers)
  }

  async #build(): Promise<BuiltStage> {
    const [base, { steps }] = await Promise.all([this.#base(), this.#keys()])
    const cached = steps.map((keyed) => this.#lookUp(keyed))
    const growth: Growth = {
      layers: [...base.layers],
      history: [...base.history],
      lineage: base.lineage,
      created: base.created,
    }
    let at = 0
    for (const step of this.plan.steps) {
      if (step.kind === 'config') {
        growth.history.push(historyOf(step, growth.created, { emptyLayer: true }))
        continue
      }
      const keyed = steps[at] as KeyedStep
      const hit = await cached[at]
      at += 1
      await this.#naming(step, () => this.#take(keyed, hit, growth))
    }
    if (this.#single) await this.#snapshotOnce(growth)
    const { layers, history, lineage, created } = growth
    const author = this.plan.author ?? base.author
    return { layers, history, lineage, created, author, config: this.plan.config, baseConfig: base.baseConfig }
  }

  async #base(): Promise<BuiltStage> {
    const { base } = this.plan
    const { reproducible } = this.#rooms.layers
    if (base.kind === 'stage') return this.#graph.stage(base.index).built()
    const now = timeOf(this.#rooms.now, reproducible)
    const empty = {
      layers: [],
      history: [],
      config: this.plan.config,
      author: undefined,
      lineage: 'scratch',
      created: now,
    }
    if (base.kind === 'scratch') return { ...empty, baseConfig: undefined }
    const { image } = await this.#rooms.images.find(base.reference, base.platform)
    const { layers, config } = image
    const created = reproducible ? now : (newestOf(config.history, config.created) ?? now)
    const { history, author } = config
    return { ...empty, layers, history, author, created, lineage: identityOfLayers(layers), baseConfig: config }
  }

  /** Asks the cache ahead of time; a stage that is squashed into one layer has nothing to ask for. */
  #lookUp(keyed: KeyedStep): Promise<CachedLayer | undefined> {
    const { cache } = this.#rooms
    const policy = this.#policy(keyed.step)
    if (cache === undefined || policy === 'none' || this.#single) return Promise.resolve(undefined)
    const found = cache.lookup(keyed.key, { remote: policy === 'all', ...this.#signal() })
    // Awaited when the step's turn comes.
    found.catch(() => {})
    return found
  }

  async #take(keyed: KeyedStep, hit: CachedLayer | undefined, growth: Growth): Promise<void> {
    const started = performance.now()
    const usable = hit !== undefined && hit.madeOn === growth.lineage ? hit : undefined
    if (hit !== undefined && usable === undefined) {
      this.#log.info(
        `${keyed.step.text}: the cached layer was made on other results of earlier commands, running again`,
      )
    }
    const layer = usable?.layer ?? (await this.#make(keyed, growth))
    const seconds = (performance.now() - started) / 1000
    growth.lineage = lineageAfter(growth.lineage, { step: keyed.step, key: keyed.key, diffID: layer?.diffID })
    if (layer === undefined) {
      growth.history.push(historyOf(keyed.step, growth.created, { emptyLayer: true }))
      return
    }
    growth.created = timeOf(usable?.created ?? this.#rooms.now, this.#rooms.layers.reproducible)
    growth.layers.push(layer)
    growth.history.push(historyOf(keyed.step, growth.created, { emptyLayer: false }))
    this.#report(keyed.step, layer, { outcome: usable?.tier ?? 'made', seconds })
  }

  /** Runs a step on the stage's root. Its layer is stored at once; nothing comes back while the stage is squashed. */
  async #make(keyed: KeyedStep, growth: Growth): Promise<StoredLayer | undefined> {
    this.#rooms.signal?.throwIfAborted()
    this.#log.info(keyed.step.text)
    await this.#root.bringTo(growth.layers)
    await this.#root.watch()
    await keyed.prepared.act(this.#root.path, this.#log)
    if (this.#single) return undefined
    const layer = await this.#snapshot()
    await this.#remember(keyed, layer, growth.lineage)
    return layer
  }

  async #snapshot(): Promise<StoredLayer> {
    const changes = await this.#root.changes()
    const { reproducible, compressionLevel } = this.#rooms.layers
    const items = layerItems(this.#root.path, changes, reproducible ? { clampMtimeNs: 0n } : {})
    return storeLayer(this.#rooms.store, writeTar(items), { level: compressionLevel, ...this.#signal() })
  }

  async #snapshotOnce(growth: Growth): Promise<void> {
    const last = this.plan.steps.findLastIndex((step) => step.kind !== 'config')
    if (last < 0) return
    const layer = await this.#snapshot()
    growth.layers.push(layer)
    growth.created = timeOf(this.#rooms.now, this.#rooms.layers.reproducible)
    const step = this.plan.steps[last] as LayerStep
    const at = growth.history.length - this.plan.steps.length + last
    growth.history[at] = historyOf(step, growth.created, { emptyLayer: false })
    this.#report(step, layer, { outcome: 'made', seconds: 0 })
  }

  async #remember(keyed: KeyedStep, layer: StoredLayer, madeOn: string): Promise<void> {
    const policy = this.#policy(keyed.step)
    if (this.#rooms.cache === undefined || policy === 'none') return
    const { key, record } = keyed
    const entry = { key, record, madeOn, created: this.#rooms.now, text: keyed.step.text }
    await this.#rooms.cache.store(entry, layer, { remote: policy === 'all', ...this.#signal() })
  }

  #policy(step: LayerStep): CachePolicy {
    const { run, copy } = this.#rooms.cachePolicy
    return step.kind === 'run' || step.kind === 'workdir' ? run : copy
  }

  #report(step: LayerStep, layer: Layer, how: Pick<StepReport, 'outcome' | 'seconds'>): void {
    const { digest, size } = layer.descriptor
    const report = { stage: stageTitle(this.plan), line: step.line, text: step.text, digest, size, ...how }
    this.reports.push(report)
    const came = how.outcome === 'made' ? `done in ${how.seconds.toFixed(1)} s` : `cached (${how.outcome})`
    this.#log.info(`${step.text}: ${came}, ${formatSize(size)}`)
  }

  /** Adds the Dockerfile's line to an error that has no better place to name. */
  async #naming<T>(step: Step, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof HearthError) throw error.at(`${this.#graph.dockerfile}:${step.line}: ${step.text}`)
      throw error
    }
  }

  #signal(): { signal?: AbortSignal } {
    return this.#rooms.signal === undefined ? {} : { signal: this.#rooms.signal }
  }
}

function layerStepsOf(plan: StagePlan): readonly LayerStep[] {
  return plan.steps.filter((step) => step.kind !== 'config')
}
