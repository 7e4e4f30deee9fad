import type { KeyInput, KeyValue } from '../../../cache/key.ts'
import { selectPath } from '../../context/select.ts'
import { digestSources } from '../../context/source-digest.ts'
import { contextTree } from '../../context/source-tree.ts'
import type { Log } from '../../log.ts'
import type { CacheMount, StepMount } from '../../plan/step.ts'
import type { Root } from '../../rootfs/root.ts'
import type { SelectedSource } from '../../rootfs/selected-source.ts'
import { onDisk } from '../../tar/raw-path.ts'
import type { BuildGraph } from '../build-graph.ts'
import { contextOf } from '../named-contexts.ts'
import type { BuildRooms } from '../rooms.ts'
import { contentOrigin } from '../step-key.ts'
import { type RootSource, rootSource } from './files.ts'
import type { ReadyMount } from './mounting.ts'

/** What keys tell of a mount. */
export interface MountInputs {
  /** What of it decides about the layer, besides the inputs. */
  readonly record: KeyValue
  readonly inputs: readonly KeyInput[]
}

/** A mount with its inputs known. */
export interface PreparedMount extends MountInputs {
  /** The same with files told by their content that are told by where they come from. */
  byContent?(log: Log): Promise<MountInputs>
  /** Gets what is mounted from elsewhere, which may mean to build other stages. */
  ready(log: Log): Promise<ReadyMount>
}

type BindMount = StepMount & { readonly type: 'bind' }

type ContextMount = BindMount & { readonly origin: { readonly kind: 'context' } }

/** Finds out what a mount depends on, without touching any root. */
export async function prepareMount(mount: StepMount, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedMount> {
  switch (mount.type) {
    case 'bind':
      return isOfContext(mount) ? bindContext(mount, graph, rooms) : bindRoot(mount, graph, rooms)
    case 'cache':
      return prepareCache(mount, graph, rooms)
    default: {
      const ready = async (): Promise<ReadyMount> => ({ ...mount })
      return { record: recordOf(mount), inputs: [], ready }
    }
  }
}

function isOfContext(mount: BindMount): mount is ContextMount {
  return mount.origin.kind === 'context'
}

async function bindContext(mount: ContextMount, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedMount> {
  const { target, readOnly } = mount
  const found = selectPath(contextTree(await contextOf(mount.origin, rooms), rooms.log), mount.source)
  const digested = rooms.cache && (await graph.contextTrees.digest(found, abortOf(rooms)))
  const source = digested?.sources[0] ?? found
  return {
    record: { type: 'bind', target, from: null, readOnly },
    inputs: below(target, found, digested?.inputs ?? []),
    async ready(log) {
      if (!readOnly) return { type: 'copied', target, source, keepOwner: false }
      return { type: 'files', target, path: await graph.contextTrees.path(source, { log, ...abortOf(rooms) }) }
    },
  }
}

function below(target: string, { isDirectory }: SelectedSource, inputs: readonly KeyInput[]): readonly KeyInput[] {
  return inputs.map((input) => ({ ...input, path: inputPath(target, isDirectory, input.path) }))
}

/** An input is named by where the command finds it. */
function inputPath(target: string, isDirectory: boolean, path: string): string {
  if (!isDirectory) return target
  return path === '/' ? `${target}/` : `${target}/${path}`
}

async function bindRoot(mount: BindMount, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedMount> {
  const { target, readOnly, source: path } = mount
  const from = await rootSource(mount.origin, graph, rooms)
  return {
    record: { type: 'bind', target, from: from.identity, source: path, readOnly },
    inputs: [],
    async byContent(log) {
      const found = selectPath({ root: await from.root(), title: from.title, log }, path)
      const { inputs } = await digestSources([found], { owners: true, links: true, ...abortOf(rooms) })
      return { record: { type: 'bind', target, from: contentOrigin, readOnly }, inputs: below(target, found, inputs) }
    },
    async ready(log) {
      const select = (root: Root): SelectedSource => selectPath({ root, title: from.title, log }, path)
      if (!readOnly) return { type: 'copied', target, source: select(await from.root()), keepOwner: true }
      const directory = await from.directory()
      return { type: 'files', target, path: onDisk(directory, select(directory).path).toString() }
    },
  }
}

async function prepareCache(mount: CacheMount, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedMount> {
  const from = mount.origin && (await rootSource(mount.origin, graph, rooms))
  return {
    record: recordOf({ ...mount, origin: undefined }, from),
    inputs: [],
    ready: async () => ({ ...mount, type: 'cache', from }),
  }
}

/** A secret is told by its name and never by its value; nothing is told of what a cache holds. */
function recordOf(mount: Exclude<StepMount, BindMount>, from?: RootSource): KeyValue {
  const { origin: _origin, ...told } = { origin: undefined, ...mount }
  const values = Object.entries(told).map(([name, value]): [string, KeyValue] => [name, value ?? null])
  return { ...Object.fromEntries(values), ...(from === undefined ? {} : { from: from.identity }) }
}

function abortOf({ signal }: Pick<BuildRooms, 'signal'>): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
