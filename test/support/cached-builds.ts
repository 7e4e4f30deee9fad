import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { localLayerCache } from '../../cache/local.ts'
import { MountDirectories } from '../../cache/mount-directories.ts'
import { makeBusyboxRoot } from '../../examples/quickstart/busybox-root.ts'
import { build, createGraph } from '../../src/build/build.ts'
import { noRepositories } from '../../src/build/no-repositories.ts'
import type { StepOutcome } from '../../src/build/report.ts'
import type { BuildRooms, ImageSource, LayerOptions } from '../../src/build/rooms.ts'
import { RootTurns } from '../../src/build/root-turns.ts'
import { BlobStore } from '../../src/content/blob-store.ts'
import { openContext } from '../../src/context/open-context.ts'
import { parseDockerfile } from '../../src/dockerfile/parse.ts'
import { createHttpClient, type HttpClient } from '../../src/http/http-client.ts'
import { finishImage, type Image } from '../../src/image/image.ts'
import { ImageTrees } from '../../src/image/image-trees.ts'
import { type Layer, type StoredLayer, storeLayer } from '../../src/image/layer.ts'
import type { ContainerConfig, ImageConfig } from '../../src/oci/image-config.ts'
import { parsePlatform } from '../../src/oci/platform.ts'
import { formatReference, parseReference } from '../../src/oci/reference.ts'
import { planBuild } from '../../src/plan/plan.ts'
import { type BuildPlan, type LayerStep, stageTitle } from '../../src/plan/step.ts'
import { ignoredPaths } from '../../src/rootfs/ignored-paths.ts'
import { entriesOf, wholeRoot } from '../../src/rootfs/selected-source.ts'
import { namespaceIsolation } from '../../src/run/namespaces.ts'
import { layerItems } from '../../src/snapshot/layer-items.ts'
import { rawPath } from '../../src/tar/raw-path.ts'
import { writeTar } from '../../src/tar/write.ts'
import { silentLog } from './silent-log.ts'

/** How a build is asked for. */
export interface CachedBuild {
  /** With the Dockerfile in it. */
  readonly context: string
  readonly cacheDirectory: string
  /** Relative to the context; "Dockerfile" unless given. */
  readonly dockerfile?: string
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly target?: string
  readonly platform?: string
  readonly layers?: Partial<LayerOptions>
  /** The build's own time; that of the moment unless given. */
  readonly now?: Date
}

/** What became of a layer step; undefined where nobody needed its stage. */
export interface StepFate {
  readonly stage: string
  readonly text: string
  readonly outcome: StepOutcome | undefined
}

export interface CachedBuildResult {
  readonly image: Image
  readonly digest: string
  readonly fates: readonly StepFate[]
  /** Layers of base images whose bytes were read, once for each time. */
  readonly opened: readonly string[]
}

export interface StepKey {
  readonly stage: string
  readonly text: string
  readonly key: string
}

interface BaseImage {
  readonly layers: readonly StoredLayer[]
  readonly config: ContainerConfig
}

const programs = new Set(
  'busybox sh cat cp cut date echo false grep head id ln ls mkdir mv od rm sed sort tail touch tr true'.split(' '),
)

const noTime = new Date('2026-03-01T12:00:00Z')

/** Builds in this process, with a local cache, on images of its own making: each is busybox and a few files. */
export class CachedBuilds {
  readonly directory: string
  readonly http: HttpClient = createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'hearth-test' })
  readonly #images = new Map<string, BaseImage>()
  #busybox: Promise<StoredLayer> | undefined

  constructor(directory: string) {
    this.directory = directory
  }

  /** Makes an image, or another one of the same name. */
  async addImage(
    name: string,
    files: Readonly<Record<string, string>> = {},
    config: ContainerConfig = {},
  ): Promise<void> {
    const own = Object.keys(files).length === 0 ? [] : [await this.#layer((root) => fill(root, files))]
    this.#busybox ??= this.#layer(makeSmallRoot)
    const layers = [await this.#busybox, ...own]
    this.#images.set(formatReference(parseReference(name)), { layers, config })
  }

  /** Equal files are equal layers. */
  async #layer(make: (root: string) => void): Promise<StoredLayer> {
    const root = this.newDirectory()
    chmodSync(root, 0o755)
    make(root)
    const store = BlobStore.open(join(this.directory, 'bases'), { readOnly: false })
    const changed = [...entriesOf(wholeRoot(root))].map(({ record }) => record)
    const items = layerItems(root, { changed, removed: [] }, { clampMtimeNs: 0n })
    return storeLayer(store, writeTar(items), { level: 1 })
  }

  newDirectory(): string {
    mkdirSync(this.directory, { recursive: true })
    return mkdtempSync(join(this.directory, 'd-'))
  }

  async build(request: CachedBuild): Promise<CachedBuildResult> {
    const opened: string[] = []
    const images = this.#source(request, (layer) => opened.push(layer.descriptor.digest))
    const plan = await this.plan(request, images)
    const store = BlobStore.open(request.cacheDirectory, { readOnly: false })
    const now = request.now ?? new Date()
    const cache = localLayerCache({
      ...{ directory: request.cacheDirectory, store, ttlMs: 1e12, readOnly: false, log: silentLog },
      now: () => now,
    })
    try {
      const result = await build(plan, { ...(await this.#rooms(request, images)), store, cache, now })
      const fates = stepsOf(plan).map(({ stage, step }): StepFate => {
        const report = result.steps.find((done) => done.stage === stage && done.line === step.line)
        return { stage, text: step.text, outcome: report?.outcome }
      })
      const { manifestDescriptor } = finishImage(result.image)
      return { image: result.image, digest: manifestDescriptor.digest, fates, opened }
    } finally {
      await cache.close()
    }
  }

  /** The keys of all steps, known without building anything. */
  async keys(request: Omit<CachedBuild, 'cacheDirectory'>): Promise<readonly StepKey[]> {
    const images = this.#source(request)
    const plan = await this.plan(request, images)
    const nothing = { lookup: async () => undefined, store: async () => undefined, close: async () => {} }
    const isolation = { ...namespaceIsolation(), allowsAll: true }
    const rooms = { ...(await this.#rooms(request, images)), cache: nothing, isolation }
    const graph = createGraph(plan, rooms, { distrusted: new Set(), turns: new RootTurns(), trees: undefined })
    const keys = plan.stages.map(async (stage) => {
      const { steps } = await graph.stage(stage.index).lookups.keyed()
      return steps.map(({ step, key }) => ({ stage: stageTitle(stage), text: step.text, key }))
    })
    return (await Promise.all(keys)).flat()
  }

  async plan(request: Omit<CachedBuild, 'cacheDirectory'>, images = this.#source(request)): Promise<BuildPlan> {
    const { context, dockerfile = 'Dockerfile', target, buildArgs = {}, labels = {} } = request
    const platform = parsePlatform(request.platform ?? 'linux/amd64')
    const text = readFileSync(resolve(context, dockerfile), 'utf8')
    return await planBuild(
      parseDockerfile(text, { name: dockerfile }),
      { target, buildArgs, labels, platform, buildPlatform: parsePlatform('linux/amd64') },
      async (reference, wanted) => (await images.find(reference, wanted)).image.config,
    )
  }

  async #rooms({ context, layers }: Omit<CachedBuild, 'cacheDirectory'>, images: ImageSource): Promise<BuildRooms> {
    const workDir = this.newDirectory()
    return {
      context: await openContext({ context, cwd: '/' }),
      namedContexts: { open: () => Promise.reject(new Error('no context has a name')) },
      store: BlobStore.open(join(workDir, 'store'), { readOnly: false }),
      cache: undefined,
      cachePolicy: { run: 'all', copy: 'all' },
      mountDirectories: new MountDirectories({ directory: join(workDir, 'mounts') }),
      ...{ secrets: new Map(), agents: new Map(), images, isolation: namespaceIsolation(), overlay: undefined },
      ...{ http: this.http, git: noRepositories, workDir },
      layers: { compressionLevel: 1, reproducible: false, singleSnapshot: false, snapshotMode: 'full', ...layers },
      ...{ cleanUp: false, keepRoot: false, unwanted: ignoredPaths([]), log: silentLog, now: noTime },
    }
  }

  #source({ platform = 'linux/amd64' }: Pick<CachedBuild, 'platform'>, onOpened?: (layer: Layer) => void): ImageSource {
    const { os, architecture } = parsePlatform(platform)
    return {
      find: async (reference) => {
        const found = this.#images.get(formatReference(reference))
        if (found === undefined) throw new Error(`no image ${formatReference(reference)}`)
        const diffIDs = found.layers.map(({ diffID }) => diffID)
        const created = noTime.toISOString()
        const config: ImageConfig = { created, architecture, os, config: found.config, diffIDs, history: [] }
        const layers = found.layers.map((layer) => (onOpened === undefined ? layer : watched(layer, onOpened)))
        const image: Image = { config, layers, annotations: {} }
        return { ...finishImage(image), image }
      },
    }
  }
}

/** Busybox under the few names that are needed: roots are unpacked often. */
function makeSmallRoot(root: string): void {
  makeBusyboxRoot(root)
  const applets = join(root, 'bin')
  for (const name of readdirSync(applets)) if (!programs.has(name)) rmSync(join(applets, name))
}

function fill(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

function stepsOf({ stages }: BuildPlan): readonly { readonly stage: string; readonly step: LayerStep }[] {
  return stages.flatMap((stage) =>
    stage.steps.flatMap((step) => (step.kind === 'config' ? [] : [{ stage: stageTitle(stage), step }])),
  )
}

/** The layer, whose store tells when it is opened. */
export function watched(layer: StoredLayer, onOpened: (layer: StoredLayer) => void): StoredLayer {
  const store = new Proxy(layer.store, {
    get(target, name) {
      if (name === 'open') onOpened(layer)
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { ...layer, store }
}

/** The text of a file in an image; undefined where there is none. */
export async function textIn({ layers }: Image, path: string, directory: string): Promise<string | undefined> {
  const tree = await new ImageTrees({ directory, log: silentLog }).of(layers, { contents: true })
  const record = tree.record(rawPath(path))
  if (record?.type !== 'file') return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of tree.nodes.content(Number(record.ino))) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
