import type { KeyInput, KeyValue } from '../../cache/key.ts'
import type { Log } from '../log.ts'
import type { LayerStep } from '../plan/step.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { Root } from '../rootfs/root.ts'
import type { BuildGraph } from './build-graph.ts'
import type { BuildRooms } from './rooms.ts'
import { prepareFiles } from './steps/files.ts'
import { prepareRun } from './steps/run.ts'
import { workdirStep } from './steps/workdir.ts'

/** What a step reads, as keys tell of it. */
export interface StepInputs {
  /** Identity of the stage or image the files come from. */
  readonly origin: string | undefined
  readonly inputs: readonly KeyInput[]
  /** What a command finds mounted, as far as it decides about the layer. */
  readonly mounts?: readonly KeyValue[]
}

/** A step with its inputs known: enough to ask the cache, and ready to act on a root. */
export interface PreparedStep extends StepInputs {
  /**
   * The same with all files told by their content, where some are told by the stage or image they come from: may mean to
   * build other stages. Undefined where it would be no different.
   */
  byContent?(log: Log): Promise<StepInputs>
  /** Gets what the step needs from elsewhere, which may mean to build other stages; no root is touched yet. */
  ready(log: Log): Promise<Act>
}

/** Does to a root what a step says. */
export type Act = (root: StepRoot) => Promise<void>

/** The root that a step changes. */
export interface StepRoot {
  readonly path: Root
  /** What in it is not the image's; undefined where all of it is. */
  readonly ignored: IgnoredPaths | undefined
}

/** Finds out what a step reads, without touching any root. */
export async function prepareStep(step: LayerStep, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedStep> {
  switch (step.kind) {
    case 'run':
      return prepareRun(step, graph, rooms)
    case 'workdir':
      return { origin: undefined, inputs: [], ready: async () => (root) => workdirStep(step, root) }
    case 'copy':
    case 'add':
      return prepareFiles(step, graph, rooms)
  }
}
