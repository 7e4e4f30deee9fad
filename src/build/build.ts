import { HearthError } from '../errors.ts'
import type { Image } from '../image/image.ts'
import type { ImageConfig } from '../oci/image-config.ts'
import type { Platform } from '../oci/platform.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import type { BuildPlan } from '../plan/step.ts'
import { Agreement, MixedResults } from './agreement.ts'
import type { BuildGraph } from './build-graph.ts'
import { ContextTrees } from './context-trees.ts'
import { timeOf } from './history.ts'
import type { StepReport } from './report.ts'
import type { BuildRooms } from './rooms.ts'
import { RootTurns } from './root-turns.ts'
import { StageBuild } from './stage-build.ts'
import { StageRoot } from './stage-root.ts'

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
  const distrusted = new Set<number>()
  const turns = new RootTurns()
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
  const graph = createGraph(plan, rooms, tries)
  const target = graph.stage(plan.target.index)
  const { layers, history, config, baseConfig, author, created } = await target.built()
  const { platform } = plan.target
  const time = timeOf(created, rooms.layers.reproducible).toISOString()
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
  if (rooms.cleanUp) await graph.turns.clear()
  return { image: { config: imageConfig, layers, annotations: {} }, steps }
}

function createGraph(plan: BuildPlan, rooms: BuildRooms, { distrusted, turns }: Tries): BuildGraph {
  const stages = new Map<number, StageBuild>()
  const imageRoots = new Map<string, Promise<string>>()
  const stage = (index: number): StageBuild => {
    const found = stages.get(index)
    if (found !== undefined) return found
    throw new HearthError({ code: 'internal', message: `The plan lacks stage ${index}` })
  }
  const agreement = new Agreement({ plans: plan.stages, lookups: (index) => stage(index).lookups, distrusted })
  const graph: BuildGraph = {
    dockerfile: plan.dockerfile,
    target: plan.target.index,
    turns,
    contextTrees: new ContextTrees(`${rooms.workDir}/context`),
    stage,
    agreedLineage: (index) => agreement.lineageOf(index),
    confirm: (index, lineage) => agreement.confirm(index, lineage),
    imageRoot(reference: Reference, platform: Platform) {
      const name = formatReference(reference)
      const known = imageRoots.get(name)
      if (known !== undefined) return known
      const unpacked = unpackImage({ reference, platform, path: `${rooms.workDir}/image-${imageRoots.size}` }, rooms)
      imageRoots.set(name, unpacked)
      return unpacked
    },
  }
  for (const planned of plan.stages) stages.set(planned.index, new StageBuild(planned, graph, rooms))
  return graph
}

interface ImageToUnpack {
  readonly reference: Reference
  readonly platform: Platform
  readonly path: string
}

async function unpackImage(wanted: ImageToUnpack, rooms: BuildRooms): Promise<string> {
  const { image } = await rooms.images.find(wanted.reference, wanted.platform)
  const log = rooms.log.child(`[${formatReference(wanted.reference)}]`)
  const root = new StageRoot({ place: wanted.path, rooms, log })
  await root.bringTo(image.layers)
  return root.path
}
