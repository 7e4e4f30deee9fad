import { HearthError, messageOf } from '../errors.ts'
import type { Image } from '../image/image.ts'
import { ImageTrees } from '../image/image-trees.ts'
import { unpackLayers } from '../image/unpack-layers.ts'
import type { ImageConfig } from '../oci/image-config.ts'
import type { BuildPlan } from '../plan/step.ts'
import { Agreement, MixedResults } from './agreement.ts'
import type { BuildGraph } from './build-graph.ts'
import { ContextTrees } from './context-trees.ts'
import { timeOf } from './history.ts'
import { KeptRoot } from './kept-root.ts'
import { LayerTrees } from './layer-trees.ts'
import { OverlayRoot } from './overlay-root.ts'
import type { StepReport } from './report.ts'
import type { BuildRooms } from './rooms.ts'
import { RootTurns } from './root-turns.ts'
import { SourceImages } from './source-images.ts'
import { StageBuild } from './stage-build.ts'
import { UnpackedRoot } from './unpacked-root.ts'

export interface BuildResult {
  readonly image: Image
  /** Every layer step that was looked at, in the order of the Dockerfile. */
  readonly steps: readonly StepReport[]
}

/**
 * Builds the target of a plan. Work is done on demand: a stage is built when a later one misses the cache and needs its
 * files, and independent stages are built side by side.
 */
export async function build(plan: BuildPlan, rooms: BuildRooms): Promise<BuildResult> {
  const turns = new RootTurns(keptRoot(rooms))
  let result: BuildResult
  try {
    result = await buildTrusting(plan, rooms, turns)
  } catch (error) {
    if (rooms.cleanUp)
      await turns.clear().catch((failure) => rooms.log.warn(`the root is not cleaned up: ${messageOf(failure)}`))
    throw error
  }
  if (rooms.cleanUp) await turns.clear()
  return result
}

/** What was in the root before comes back with the clean-up only, as with kaniko. */
function keptRoot({ isolation, keepRoot, cleanUp, workDir, log, signal }: BuildRooms): KeptRoot | undefined {
  const sharedRoot = keepRoot ? isolation.sharedRoot : undefined
  if (sharedRoot === undefined) return undefined
  if (cleanUp) return new KeptRoot({ root: sharedRoot, archive: `${workDir}/kept-root.tar`, log, signal })
  log.warn('--preserve-context without --cleanup: the context stays, but nothing else in the root comes back')
  return undefined
}

async function buildTrusting(plan: BuildPlan, rooms: BuildRooms, turns: RootTurns): Promise<BuildResult> {
  const distrusted = new Set<number>()
  for (;;) {
    const workDir = distrusted.size === 0 ? rooms.workDir : `${rooms.workDir}/again-${distrusted.size}`
    try {
      return await buildOnce(plan, { ...rooms, workDir }, { distrusted, turns })
    } catch (error) {
      if (!(error instanceof MixedResults) || distrusted.has(error.stage)) throw error
      // What ran is in the cache by now; only the copies of that stage's files are made again.
      rooms.log.info(`${error.message}: copying them again`)
      distrusted.add(error.stage)
    }
  }
}

/** What outlives one try at a build. */
interface Tries {
  /** Stages whose cached copies disagreed with a new run. */
  readonly distrusted: ReadonlySet<number>
  readonly turns: RootTurns
}

async function buildOnce(plan: BuildPlan, rooms: BuildRooms, tries: Tries): Promise<BuildResult> {
  using trees = openTrees(rooms)
  const graph = createGraph(plan, rooms, { ...tries, trees })
  const target = graph.stage(plan.target.index)
  await buildAll([target, ...(plan.also ?? []).map(({ index }) => graph.stage(index))])
  const { layers, history, config, baseConfig, author, created } = await target.built()
  const { platform } = plan.target
  const time = timeOf(created, rooms.layers).toISOString()
  const imageConfig: ImageConfig = {
    created: time,
    ...(author === undefined ? {} : { author }),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    ...(baseConfig?.osVersion === undefined ? {} : { osVersion: baseConfig.osVersion }),
    config,
    diffIDs: layers.map((layer) => layer.diffID),
    history,
  }
  const steps = plan.stages.flatMap((stage) => graph.stage(stage.index).reports)
  // What a root was unpacked from need not be downloaded for the outputs once more.
  const near = layers.map((layer) => (layer.kind === 'remote' ? { ...layer, near: rooms.store } : layer))
  return { image: { config: imageConfig, layers: near, annotations: {} }, steps }
}

/** Side by side; a stage that fails does not leave the others behind at work. */
async function buildAll(stages: readonly StageBuild[]): Promise<void> {
  const results = await Promise.allSettled(stages.map((stage) => stage.built()))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Undefined where roots are unpacked one by one. */
function openTrees(rooms: BuildRooms): LayerTrees | undefined {
  const { overlay: marks, store, log, signal } = rooms
  if (marks === undefined) return undefined
  const options = { store, log, ...(signal === undefined ? {} : { signal }) }
  return new LayerTrees({
    directory: `${rooms.workDir}/trees`,
    marks,
    kept: rooms.unpackedTrees,
    unpack: async (root, layers) => {
      for await (const _ of unpackLayers(root, layers, options));
    },
  })
}

interface GraphParts extends Tries {
  readonly trees: LayerTrees | undefined
}

/** The stages of a build, none of which has begun. */
export function createGraph(plan: BuildPlan, rooms: BuildRooms, { distrusted, turns, trees }: GraphParts): BuildGraph {
  const stages = new Map<number, StageBuild>()
  const { workDir, log, signal } = rooms
  const abort = signal === undefined ? {} : { signal }
  const imageTrees = new ImageTrees({ directory: workDir, tables: rooms.tables, log, ...abort })
  const stage = (index: number): StageBuild => {
    const found = stages.get(index)
    if (found !== undefined) return found
    throw new HearthError({ code: 'internal', message: `The plan lacks stage ${index}` })
  }
  const openRoot: BuildGraph['openRoot'] = (name, rootLog) => {
    const place = `${workDir}/${name}`
    if (trees !== undefined) return new OverlayRoot({ place, trees, rooms })
    return new UnpackedRoot({ place, rooms, log: rootLog })
  }
  const agreement = new Agreement({ plans: plan.stages, lookups: (index) => stage(index).lookups, distrusted })
  const graph: BuildGraph = {
    dockerfile: plan.dockerfile,
    target: plan.target.index,
    turns,
    openRoot,
    contextTrees: new ContextTrees(`${workDir}/context`),
    stage,
    trees: imageTrees,
    agreedLineage: (index) => agreement.lineageOf(index),
    confirm: (index, lineage) => agreement.confirm(index, lineage),
    images: new SourceImages({ rooms, trees: imageTrees, openRoot }),
  }
  for (const planned of plan.stages) stages.set(planned.index, new StageBuild(planned, graph, rooms))
  return graph
}
