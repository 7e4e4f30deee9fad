import type { KeyInput } from '../../cache/key.ts'
import type { Log } from '../log.ts'
import type { LayerStep } from '../plan/step.ts'
import type { BuildGraph } from './build-graph.ts'
import type { BuildRooms } from './rooms.ts'
import { prepareFiles } from './steps/files.ts'
import { runStep } from './steps/run.ts'
import { workdirStep } from './steps/workdir.ts'

/** A step with its inputs known: enough to ask the cache, and ready to act on a root. */
export interface PreparedStep {
  /** Identity of the stage or image the files come from. */
  readonly origin: string | undefined
  readonly inputs: readonly KeyInput[]
  /** Does to the root what the step says. */
  act(root: string, log: Log): Promise<void>
}

/** Finds out what a step reads, without touching any root. */
export async function prepareStep(step: LayerStep, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedStep> {
  switch (step.kind) {
    case 'run':
      return { origin: undefined, inputs: [], act: (root, log) => runStep(step, { root, rooms, log }) }
    case 'workdir':
      return { origin: undefined, inputs: [], act: (root) => workdirStep(step, root) }
    case 'copy':
    case 'add':
      return prepareFiles(step, graph, rooms)
  }
}
