import { type CacheKey, cacheKey, type KeyRecord } from '../../cache/key.ts'
import { atInstruction } from '../dockerfile/syntax-error.ts'
import { HearthError } from '../errors.ts'
import { isLinked, type LayerStep, type StagePlan, type Step } from '../plan/step.ts'
import type { BuildGraph } from './build-graph.ts'
import { identityOfLayers, identityOfLinked, nothingBelow } from './lineage.ts'
import { type PreparedStep, prepareStep } from './prepared-step.ts'
import type { BuildRooms } from './rooms.ts'
import { keyRecordOf } from './step-key.ts'

/** A step that can be looked up in a cache. */
export interface KeyedStep {
  readonly step: LayerStep
  readonly prepared: PreparedStep
  readonly record: KeyRecord
  readonly key: CacheKey
}

export interface KeyedStage {
  readonly steps: readonly KeyedStep[]
  /** Of all its layers: the key of the topmost one, or the identity of the base when the stage adds none. */
  readonly identity: string
}

/** Finds out what every step of a stage depends on, without building anything. Each is added to `steps` when it is known. */
export async function keyStage(
  plan: StagePlan,
  graph: BuildGraph,
  rooms: BuildRooms,
  steps: KeyedStep[] = [],
): Promise<KeyedStage> {
  const { platform } = plan
  const { layers } = rooms
  let parent = await baseIdentity(plan, graph, rooms)
  for (const step of plan.steps) {
    if (step.kind === 'config') continue
    const prepared = await atStep(step, graph, () => prepareStep(step, graph, rooms))
    const { origin, inputs, mounts = [] } = prepared
    const record = keyRecordOf(step, {
      parent: isLinked(step) ? nothingBelow : parent,
      platform,
      layers,
      origin,
      inputs,
      mounts,
    })
    const key = cacheKey(record)
    steps.push({ step, prepared, record, key })
    parent = isLinked(step) ? identityOfLinked(parent, key) : key
  }
  return { steps, identity: parent }
}

async function baseIdentity({ base }: StagePlan, graph: BuildGraph, rooms: BuildRooms): Promise<string> {
  if (base.kind === 'scratch') return 'scratch'
  if (base.kind === 'stage') return graph.stage(base.index).identity()
  const { image } = await rooms.images.find(base.reference, base.platform)
  return identityOfLayers(image.layers)
}

/** Adds the Dockerfile's line to an error that has no better place to name. */
export async function atStep<T>(step: Step, { dockerfile }: BuildGraph, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof HearthError ? atInstruction(error, dockerfile, step) : error
  }
}
