import type { CacheKey } from '../../cache/key.ts'
import type { CachedLayer } from '../../cache/layer-cache.ts'
import type { Layer } from '../image/layer.ts'
import type { Log } from '../log.ts'
import type { History } from '../oci/image-config.ts'
import type { LayerStep, StagePlan } from '../plan/step.ts'
import { isLinked, sourceStagesOf, stageTitle } from '../plan/step.ts'
import type { Root } from '../rootfs/root.ts'
import type { BuildGraph } from './build-graph.ts'
import { type BuiltStage, imageBase } from './built-stage.ts'
import { explainStep } from './explain-step.ts'
import { historyOf, timeOf } from './history.ts'
import { unlessInFlight } from './in-flight.ts'
import { atStep, type KeyedStep } from './keyed-stage.ts'
import { lineageAfter, lineageFor, madeOnOf } from './lineage.ts'
import type { Act } from './prepared-step.ts'
import { formatSize, type StepReport } from './report.ts'
import type { BuildRooms } from './rooms.ts'
import { snapshotLayer, withoutTop } from './snapshot-layer.ts'
import { StageCache, type StepToMake } from './stage-cache.ts'
import type { StageFiles, StageRoot } from './stage-files.ts'
import { StageLookups, type UsableLayer } from './stage-lookups.ts'
import { StageTree } from './stage-tree.ts'
import { type Standing, standingAfter } from './standing.ts'
import { aboutStep, type StepSurroundings } from './step-about.ts'
import { UnpackedRoot } from './unpacked-root.ts'

interface Made {
  /** Undefined while the stage is squashed. */
  readonly layer: Layer | undefined
  /** When another build made the layer, if it did. */
  readonly created: Date | undefined
  /** Lineages of the stages whose files it was made with. */
  readonly sources: readonly string[]
  /** Of work on the root. */
  readonly seconds: number
  /** Its key by content, where it has one that is known. */
  readonly content: CacheKey | undefined
  /** Where the layer was found; undefined for one that was not. */
  readonly tier: CachedLayer['tier'] | undefined
}

interface ReadyStep extends StepToMake {
  readonly act: Act
  readonly sources: readonly string[]
}

/** Layers and history while a stage grows. */
interface Growth {
  /** How many of the layers the stage began with, and how many of these are those of an image. */
  readonly begun: { readonly base: number; readonly image: number }
  readonly layers: Layer[]
  readonly history: History[]
  lineage: string
  standing: Standing
  created: Date
  missed: boolean
}

/** Builds one stage, at most once, and only as far as somebody asks. */
export class StageBuild {
  readonly plan: StagePlan
  readonly reports: StepReport[] = []
  readonly lookups: StageLookups
  readonly #graph: BuildGraph
  readonly #rooms: BuildRooms
  readonly #root: StageFiles
  readonly #log: Log
  readonly #single: boolean
  readonly #cache: StageCache
  #built: Promise<BuiltStage> | undefined
  #files: Promise<Root> | undefined
  #directory: Promise<string> | undefined

  constructor(plan: StagePlan, graph: BuildGraph, rooms: BuildRooms) {
    this.plan = plan
    this.#graph = graph
    this.#rooms = rooms
    this.#log = rooms.log.child(`[${stageTitle(plan)}]`)
    this.#root = this.#filesFor(plan)
    this.#single = rooms.layers.singleSnapshot && graph.target === plan.index
    this.lookups = new StageLookups({ plan, graph, rooms, isSquashed: this.#single })
    this.#cache = new StageCache({
      ...{ plan, lookups: this.lookups, rooms, log: this.#log },
      sourcesOf: (step) => this.#sourcesOf(step),
      aboutOf: (keyed) => aboutStep(keyed, this.#around()),
    })
  }

  /** Only commands need a root to run in: what else happens to files happens to a tree of their names. */
  #filesFor({ steps }: StagePlan): StageFiles {
    const rooms = this.#rooms
    const runs = steps.some((step) => step.kind === 'run')
    if (!runs && rooms.unpackAll !== true) return new StageTree({ trees: this.#graph.trees, ...rooms })
    const { sharedRoot } = rooms.isolation
    if (!runs || sharedRoot === undefined) return this.#ownRoot()
    return new UnpackedRoot({ place: sharedRoot, rooms, log: this.#log })
  }

  #ownRoot(): StageRoot {
    return this.#graph.openRoot(`stage-${this.plan.index}`, this.#log)
  }

  /** What the stage's files depend on, known without building it. */
  async identity(): Promise<string> {
    return (await this.lookups.keyed()).identity
  }

  built(): Promise<BuiltStage> {
    this.#built ??= this.#build()
    return this.#built
  }

  /** All of the stage's files. */
  root(): Promise<Root> {
    this.#files ??= this.#finished()
    return this.#files
  }

  /** The same in a directory of the machine. */
  directory(): Promise<string> {
    this.#directory ??= this.#unpacked()
    return this.#directory
  }

  async #unpacked(): Promise<string> {
    const files = await this.root()
    if (typeof files === 'string') return files
    const root = this.#ownRoot()
    const { layers, image } = await this.built()
    await root.bringTo(layers, { image })
    return root.path
  }

  /** A shared root may be another stage's by now: those who copy from this one get a directory. */
  async #finished(): Promise<Root> {
    const { layers, image } = await this.built()
    const root = this.#root.shared === undefined ? this.#root : this.#ownRoot()
    await root.bringTo(layers, { contents: true, image })
    return root.path
  }

  async #build(): Promise<BuiltStage> {
    const [base, { steps }, cached] = await Promise.all([this.#base(), this.lookups.keyed(), this.lookups.hits()])
    const growth: Growth = {
      begun: { base: base.layers.length, image: base.image },
      layers: [...base.layers],
      history: [...base.history],
      lineage: base.lineage,
      standing: base.standing,
      created: base.created,
      missed: base.missed,
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
      await atStep(step, this.#graph, () => this.#take(keyed, hit, growth))
    }
    if (this.#single) await this.#snapshotOnce(growth)
    const { layers, history, lineage, standing, created, missed } = growth
    await this.#graph.confirm(this.plan.index, lineage)
    const author = this.plan.author ?? base.author
    const { image, baseConfig } = base
    const { config } = this.plan
    return { layers, image, history, lineage, standing, created, missed, author, config, baseConfig }
  }

  #base(): Promise<BuiltStage> {
    const { base } = this.plan
    return base.kind === 'stage'
      ? this.#graph.stage(base.index).built()
      : imageBase(base, this.plan.config, this.#rooms)
  }

  async #take(keyed: KeyedStep, hit: CachedLayer | undefined, growth: Growth): Promise<void> {
    const { step, key } = keyed
    const usable = await this.lookups.usable(step, hit, growth.lineage)
    const made = usable === undefined ? await this.#findOrMake(keyed, hit, growth) : taken(usable)
    const { layer, created, sources, seconds, content, tier = 'made' } = made
    const diffID = layer?.diffID
    growth.lineage = lineageAfter(growth.lineage, { step, key, sources, diffID })
    growth.standing = standingAfter(growth.standing, { keyed, sources, diffID, content })
    if (layer === undefined) {
      growth.history.push(historyOf(step, growth.created, { emptyLayer: true }))
      return
    }
    growth.created = timeOf(created ?? this.#rooms.now, this.#rooms.layers)
    growth.layers.push(layer)
    growth.history.push(historyOf(step, growth.created, { emptyLayer: false }))
    this.#report(step, layer, { outcome: tier, seconds })
  }

  /** What its first key does not find, others may. */
  async #findOrMake(keyed: KeyedStep, unusable: CachedLayer | undefined, growth: Growth): Promise<Made> {
    this.#rooms.signal?.throwIfAborted()
    const look = await this.#cache.lookAgain(keyed, growth)
    if (look.usable !== undefined) return taken(look.usable)
    await this.#explain(keyed, unusable, growth)
    return this.#make({ keyed, others: look.others }, growth)
  }

  /** The lineages of the stages whose files a step takes, which are built by then. */
  async #sourcesOf(step: LayerStep): Promise<readonly string[]> {
    const stages = sourceStagesOf(step).map((index) => this.#graph.stage(index).built())
    return (await Promise.all(stages)).map(({ lineage }) => lineage)
  }

  async #explain(keyed: KeyedStep, hit: CachedLayer | undefined, growth: Growth): Promise<void> {
    const { missed: follows } = growth
    growth.missed = true
    const { misses, cache } = this.#rooms
    if (misses === undefined || cache === undefined || this.#single || this.lookups.policy(keyed.step) === 'none')
      return
    const isDamaged = this.lookups.damaged.has(keyed.key)
    const unusable = hit !== undefined ? 'other-results' : isDamaged ? 'blob-damaged' : undefined
    const explained = await explainStep(misses.reader, keyed, { ...this.#around(), follows, unusable })
    misses.tell(explained, this.#log)
  }

  #around(): StepSurroundings {
    return { stage: this.plan, graph: this.#graph, rooms: this.#rooms, steps: this.lookups.keyedSoFar }
  }

  /** Runs a step on the stage's root. Its layer is stored at once; nothing comes back while the stage is squashed. */
  async #make(wanted: StepToMake, growth: Growth): Promise<Made> {
    const act = await this.#ready(wanted.keyed)
    const sources = await this.#sourcesOf(wanted.keyed.step)
    const step = { ...wanted, act, sources }
    return this.#unlessInFlight(step, growth, () => {
      this.#log.info(wanted.keyed.step.text)
      return isLinked(wanted.keyed.step) ? this.#makeLinked(step, growth) : this.#makeOnRoot(step, growth)
    })
  }

  /** Nothing that others need is held while another build is waited for. */
  #unlessInFlight({ keyed, sources }: ReadyStep, growth: Growth, make: () => Promise<Made>): Promise<Made> {
    const { lookups } = this
    const { step, key } = keyed
    const madeOn = madeOnOf(lineageFor(step, growth.lineage), sources)
    return unlessInFlight(lookups.isCached(step) ? this.#rooms.flights : undefined, {
      ...{ key, madeOn, make, signal: this.#rooms.signal },
      onWait: () => this.#log.info(`${step.text}: waiting for the same step in another build`),
      find: async () => {
        const cached = await lookups.madeMeanwhile(step, key, madeOn)
        return cached && taken({ cached, sources })
      },
    })
  }

  async #makeOnRoot({ keyed, others, act, sources }: ReadyStep, growth: Growth): Promise<Made> {
    return this.#graph.turns.take(this.#root, async () => {
      // What was waited for before, be it other stages or the root, is no work of this step.
      const started = performance.now()
      await this.#root.bringTo(growth.layers, growth.begun)
      await this.#root.watch()
      await act({ path: this.#root.path, ignored: this.#root.ignored() })
      const layer = this.#single ? undefined : await snapshotLayer(this.#root, this.#rooms)
      const earlier = layer && (await this.#cache.keep({ keyed, others }, { layer, sources, ...growth }))
      const kept = earlier?.layer ?? layer
      // Later steps must find the files of the layer that stays, not those of the own one.
      if (kept?.diffID !== layer?.diffID) await this.#root.restart()
      else if (kept !== undefined) this.#root.keep([...growth.layers, kept])
      const seconds = (performance.now() - started) / 1000
      return { layer: kept, created: earlier?.created, sources, seconds, content: others.content?.key, tier: undefined }
    })
  }

  /** Runs a step on nothing. Its layer comes to lie on the stage's others, which it need not wait for. */
  async #makeLinked({ keyed, others, act, sources }: ReadyStep, growth: Growth): Promise<Made> {
    const started = performance.now()
    const files = new StageTree({ trees: this.#graph.trees, ...this.#rooms })
    await files.bringTo([])
    await files.watch()
    await act({ path: files.path, ignored: files.ignored() })
    const layer = await snapshotLayer(files, this.#rooms, withoutTop)
    const seconds = (performance.now() - started) / 1000
    const made = { created: undefined, sources, seconds, content: others.content?.key, tier: undefined }
    if (!this.#single) {
      const earlier = await this.#cache.keep({ keyed, others }, { layer, sources, ...growth })
      return { ...made, layer: earlier?.layer ?? layer, created: earlier?.created }
    }
    return this.#graph.turns.take(this.#root, async () => {
      await this.#root.bringTo(growth.layers, growth.begun)
      await this.#root.watch()
      await this.#root.lay(layer)
      return { ...made, layer: undefined }
    })
  }

  /** What is not in a layer yet would be lost when another stage takes its turn: a squashed stage gets all it needs first. */
  async #ready(keyed: KeyedStep): Promise<Act> {
    if (this.#single) for (const { prepared } of (await this.lookups.keyed()).steps) await prepared.ready(this.#log)
    return keyed.prepared.ready(this.#log)
  }

  async #snapshotOnce(growth: Growth): Promise<void> {
    const last = this.plan.steps.findLastIndex((step) => step.kind !== 'config')
    if (last < 0) return
    const layer = await this.#graph.turns.take(this.#root, async () => {
      const made = await snapshotLayer(this.#root, this.#rooms)
      this.#root.keep([...growth.layers, made])
      return made
    })
    growth.layers.push(layer)
    growth.created = timeOf(this.#rooms.now, this.#rooms.layers)
    const step = this.plan.steps[last] as LayerStep
    const at = growth.history.length - this.plan.steps.length + last
    growth.history[at] = historyOf(step, growth.created, { emptyLayer: false })
    this.#report(step, layer, { outcome: 'made', seconds: 0 })
  }

  #report(step: LayerStep, layer: Layer, how: Pick<StepReport, 'outcome' | 'seconds'>): void {
    const { digest, size } = layer.descriptor
    const report = { stage: stageTitle(this.plan), line: step.line, text: step.text, digest, size, ...how }
    this.reports.push(report)
    const came = how.outcome === 'made' ? `done in ${how.seconds.toFixed(1)} s` : `cached (${how.outcome})`
    this.#log.info(`${step.text}: ${came}, ${formatSize(size)}`)
  }
}

function taken({ cached: { layer, created, content, tier }, sources }: UsableLayer): Made {
  return { layer, created, sources, seconds: 0, content, tier }
}
