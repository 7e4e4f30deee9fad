import type { Log } from '../../log.ts'
import { formatReference } from '../../oci/reference.ts'
import { type AddStep, type CopyStep, type Origin, stageTitle } from '../../plan/step.ts'
import type { BuildGraph } from '../build-graph.ts'
import { identityOfLayers } from '../lineage.ts'
import type { PreparedStep } from '../prepared-step.ts'
import type { BuildRooms } from '../rooms.ts'
import { addInputs, placeAdd, selectAdd } from './add.ts'
import { type CopySurroundings, copyInputs, placeCopy, selectCopy } from './copy.ts'

/** Makes a COPY or ADD ready: files of the context are read now, those of stages and images when they are needed. */
export function prepareFiles(step: CopyStep | AddStep, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedStep> {
  if (step.kind === 'add') return prepareAdd(step, rooms)
  return step.origin.kind === 'context' ? prepareFromContext(step, rooms) : prepareFromRoot(step, graph, rooms)
}

async function prepareFromContext(step: CopyStep, rooms: BuildRooms): Promise<PreparedStep> {
  const from = { kind: 'context', context: rooms.context } as const
  const selected = selectCopy(step, from, rooms.log)
  const inputs = await copyInputs(selected, from, abortOf(rooms))
  return {
    origin: undefined,
    inputs,
    act: (root, log) => placeCopy(step, selected, { ...surroundings(root, rooms, log), from: 'context' }),
  }
}

async function prepareFromRoot(step: CopyStep, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedStep> {
  const source = await rootSource(step.origin, graph, rooms)
  return {
    origin: source.identity,
    inputs: [],
    async act(root, log) {
      const selected = selectCopy(step, { kind: 'root', root: await source.root(), title: source.title }, log)
      await placeCopy(step, selected, { ...surroundings(root, rooms, log), from: 'root' })
    },
  }
}

async function prepareAdd(step: AddStep, rooms: BuildRooms): Promise<PreparedStep> {
  const { context, http, workDir } = rooms
  const selected = selectAdd(step, { context, http, log: rooms.log, downloads: workDir, ...abortOf(rooms) })
  const inputs = await addInputs(selected, abortOf(rooms))
  const act = (root: string, log: Log): Promise<void> => placeAdd(step, selected, surroundings(root, rooms, log))
  return { origin: undefined, inputs, act }
}

/** A stage or image that files are copied from. */
interface RootSource {
  readonly title: string
  /** What its files depend on, known without having them. */
  readonly identity: string
  /** Its files, made when somebody asks. */
  root(): Promise<string>
}

async function rootSource(origin: Origin, graph: BuildGraph, rooms: BuildRooms): Promise<RootSource> {
  switch (origin.kind) {
    case 'context':
      throw new TypeError('the build context is no root')
    case 'stage': {
      const stage = graph.stage(origin.index)
      const title = stage.plan.name === undefined ? stageTitle(stage.plan) : `stage ${stage.plan.name}`
      return { title, identity: await stage.identity(), root: () => stage.root() }
    }
    case 'image': {
      const { reference, platform } = origin
      const { image } = await rooms.images.find(reference, platform)
      return {
        title: `the image ${formatReference(reference)}`,
        identity: identityOfLayers(image.layers),
        root: () => graph.imageRoot(reference, platform),
      }
    }
  }
}

function surroundings(root: string, rooms: BuildRooms, log: Log): CopySurroundings {
  return { root, log, now: rooms.now, ...abortOf(rooms) }
}

function abortOf({ signal }: BuildRooms): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
