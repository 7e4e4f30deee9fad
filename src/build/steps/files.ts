import { HearthError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { dockerHub, formatReference, type ImageReference, isInLayout } from '../../oci/reference.ts'
import { type AddStep, type CopyStep, isLinked, type Origin, stageTitle } from '../../plan/step.ts'
import type { Root } from '../../rootfs/root.ts'
import type { SelectedSource } from '../../rootfs/selected-source.ts'
import type { BuildGraph } from '../build-graph.ts'
import { identityOfLayers } from '../lineage.ts'
import { contextOf } from '../named-contexts.ts'
import type { PreparedStep, StepRoot } from '../prepared-step.ts'
import type { BuildRooms } from '../rooms.ts'
import { contentOrigin } from '../step-key.ts'
import { digestAdd, placeAdd, selectAdd } from './add.ts'
import { type CopySurroundings, contentOfCopy, digestCopy, modeOption, placeCopy, selectCopy } from './copy.ts'

/**
 * Makes a COPY or ADD ready: files of the context are looked up now, and read where a cache wants to know what is in
 * them; those of stages and images when they are needed.
 */
export function prepareFiles(step: CopyStep | AddStep, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedStep> {
  if (step.link && !isLinked(step)) {
    rooms.log.warn(
      `line ${step.line}: --link does nothing beside --chmod, as in BuildKit: the files depend on what is below`,
    )
  }
  if (step.kind === 'add') return prepareAdd(step, rooms)
  const { origin } = step
  return origin.kind === 'context'
    ? prepareFromContext({ ...step, origin }, rooms)
    : prepareFromRoot(step, graph, rooms)
}

type ContextCopy = CopyStep & { readonly origin: { readonly kind: 'context' } }

async function prepareFromContext(step: ContextCopy, rooms: BuildRooms): Promise<PreparedStep> {
  const from = { kind: 'context', context: await contextOf(step.origin, rooms) } as const
  const found = selectCopy(step, from, rooms.log)
  const { inputs, sources: selected } =
    rooms.cache === undefined ? { inputs: [], sources: found } : await digestCopy(step, found, abortOf(rooms))
  return {
    origin: undefined,
    inputs,
    ready: async (log) => (root) => placeCopy(step, selected, { ...surroundings(root, rooms, log), from: 'context' }),
  }
}

async function prepareFromRoot(step: CopyStep, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedStep> {
  const source = await rootSource(step.origin, graph, rooms)
  let found: readonly SelectedSource[] | undefined
  const select = async (log: Log): Promise<readonly SelectedSource[]> => {
    found ??= selectCopy(step, { kind: 'root', root: await source.root(), title: source.title }, log)
    return found
  }
  return {
    origin: source.identity,
    inputs: [],
    async byContent(log) {
      return { origin: contentOrigin, inputs: await contentOfCopy(step, await select(log), abortOf(rooms)) }
    },
    async ready(log) {
      const selected = await select(log)
      return (root) => placeCopy(step, selected, { ...surroundings(root, rooms, log), from: 'root' })
    },
  }
}

async function prepareAdd(step: AddStep, rooms: BuildRooms): Promise<PreparedStep> {
  const { context, http, workDir } = rooms
  const web = { http, notes: rooms.downloads, downloads: workDir }
  const found = selectAdd(step, { ...web, context, log: rooms.log, ...abortOf(rooms) })
  const { inputs, selected } =
    rooms.cache === undefined
      ? { inputs: [], selected: found }
      : await digestAdd(found, { git: rooms.git, ...modeOption(step), ...abortOf(rooms) })
  return {
    origin: undefined,
    inputs,
    ready: async (log) => (root) =>
      placeAdd(step, selected, { ...surroundings(root, rooms, log), directory: workDir, git: rooms.git }),
  }
}

/** A stage or image that files are copied from. */
export interface RootSource {
  readonly title: string
  /** What its files depend on, known without having them. */
  readonly identity: string
  /** Its files, made when somebody asks. */
  root(): Promise<Root>
  /** The same in a directory of the machine. */
  directory(): Promise<string>
}

export async function rootSource(origin: Origin, graph: BuildGraph, rooms: BuildRooms): Promise<RootSource> {
  switch (origin.kind) {
    case 'context':
      throw new TypeError('the build context is no root')
    case 'stage': {
      const stage = graph.stage(origin.index)
      const title = stage.plan.name === undefined ? stageTitle(stage.plan) : `stage ${stage.plan.name}`
      const [root, directory] = [() => stage.root(), () => stage.directory()]
      return { title, identity: await stage.identity(), root, directory }
    }
    case 'image': {
      const { reference, platform } = origin
      const { image } = await rooms.images.find(reference, platform).catch((error: unknown) => {
        throw orNoStage(error, reference)
      })
      return {
        title: `the image ${formatReference(reference)}`,
        identity: identityOfLayers(image.layers),
        root: () => graph.images.root(reference, platform),
        directory: () => graph.images.directory(reference, platform),
      }
    }
  }
}

/** A single word that no registry has was likely meant to be a stage. */
function orNoStage(error: unknown, reference: ImageReference): unknown {
  if (isInLayout(reference)) return error
  const { registry, repository, tag } = reference
  const isWord = registry === dockerHub && repository.startsWith('library/') && tag === 'latest'
  if (!isWord || !(error instanceof HearthError) || !error.code.startsWith('registry-')) return error
  const { code, message, where, why, fix, exitCode, cause } = error
  const guess = `there is no stage of that name above it, so "${repository.slice('library/'.length)}" is an image`
  return new HearthError({
    ...{ code, message, where, fix, exitCode, cause },
    why: why === undefined ? guess : `${guess}\n${why}`,
  })
}

function surroundings({ path, ignored }: StepRoot, rooms: BuildRooms, log: Log): CopySurroundings {
  return { root: path, ignored, log, now: rooms.now, ...abortOf(rooms) }
}

function abortOf({ signal }: BuildRooms): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
