import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MountDirectories } from '../../../../cache/mount-directories.ts'
import { build } from '../../../../src/build/build.ts'
import { noRepositories } from '../../../../src/build/no-repositories.ts'
import type { ImageSource, LayerOptions } from '../../../../src/build/rooms.ts'
import { BlobStore } from '../../../../src/content/blob-store.ts'
import { openContext } from '../../../../src/context/open-context.ts'
import { parseDockerfile } from '../../../../src/dockerfile/parse.ts'
import { asHearthError } from '../../../../src/errors.ts'
import { createHttpClient, type HttpClient } from '../../../../src/http/http-client.ts'
import { finishImage } from '../../../../src/image/image.ts'
import { type Layer, type StoredLayer, storeLayer } from '../../../../src/image/layer.ts'
import type { PulledImage } from '../../../../src/image/pulled-image.ts'
import type { TreeTables } from '../../../../src/image/tree-tables.ts'
import { parsePlatform } from '../../../../src/oci/platform.ts'
import { isInLayout } from '../../../../src/oci/reference.ts'
import { planBuild } from '../../../../src/plan/plan.ts'
import { ignoredPaths } from '../../../../src/rootfs/ignored-paths.ts'
import type { Isolation } from '../../../../src/run/isolation.ts'
import { namespaceIsolation } from '../../../../src/run/namespaces.ts'
import type { TarItem } from '../../../../src/tar/entry.ts'
import { rawPath } from '../../../../src/tar/raw-path.ts'
import { writeTar } from '../../../../src/tar/write.ts'
import { silentLog } from '../../../support/silent-log.ts'

const platform = parsePlatform('linux/amd64')

/** How a build went: the digests of its image and of the layers it added, or its error. */
export type Outcome =
  | { readonly kind: 'built'; readonly image: string; readonly layers: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly why: string | undefined }

export interface RouteOptions {
  readonly unpackAll: boolean
  readonly singleSnapshot?: boolean
  readonly isolation?: Isolation
  readonly ignorePaths?: readonly string[]
  readonly store?: BlobStore
  /** What earlier builds know of the images. */
  readonly tables?: TreeTables
  /** Told of every layer whose bytes are read. */
  readonly onOpened?: (layer: StoredLayer) => void
  /** Looks at the work directory once the build is done. */
  readonly atEnd?: (workDir: string) => void
}

/** Builds Dockerfiles on images of its own making, each either with all roots unpacked or with none that can be spared. */
export class RouteScene {
  readonly directory: string
  readonly http: HttpClient
  readonly store: BlobStore
  readonly #images = new Map<string, readonly StoredLayer[]>()

  constructor(directory: string) {
    this.directory = directory
    this.http = createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'hearth-test' })
    this.store = BlobStore.open(join(directory, 'store'), { readOnly: false })
  }

  /** Makes an image of these layers; a Dockerfile finds it by its name. */
  async addImage(name: string, layers: readonly (readonly TarItem[])[]): Promise<void> {
    const stored: StoredLayer[] = []
    for (const items of layers) stored.push(await storeLayer(this.store, writeTar(items), { level: 1 }))
    this.#images.set(name, stored)
  }

  async attempt(context: string, dockerfile: string, options: RouteOptions): Promise<Outcome> {
    try {
      return await this.#build(context, dockerfile, options)
    } catch (error) {
      const { code, message, why } = asHearthError(error)
      // Names of directories differ from build to build.
      return { kind: 'failed', code, message, why: why?.replaceAll(/hearth-test-\S+\/(?=stage|image)/g, '') }
    }
  }

  async #build(context: string, text: string, options: RouteOptions): Promise<Outcome> {
    const images = this.#source(options)
    const plan = await planBuild(
      parseDockerfile(text, { name: 'Dockerfile' }),
      { target: undefined, buildArgs: {}, labels: {}, platform, buildPlatform: platform },
      async (reference, wanted) => (await images.find(reference, wanted)).image.config,
    )
    const workDir = mkdtempSync(join(this.directory, 'work-'))
    const layers: LayerOptions = {
      compressionLevel: 1,
      reproducible: true,
      singleSnapshot: options.singleSnapshot === true,
      snapshotMode: 'full',
    }
    const { image } = await build(plan, {
      context: await openContext({ context, cwd: '/' }),
      git: noRepositories,
      store: options.store ?? this.store,
      cache: undefined,
      cachePolicy: { run: 'none', copy: 'none' },
      namedContexts: { open: () => Promise.reject(new Error('no context has a name')) },
      images,
      tables: options.tables,
      isolation: options.isolation ?? namespaceIsolation(),
      http: this.http,
      workDir,
      layers,
      cleanUp: false,
      keepRoot: false,
      mountDirectories: new MountDirectories({ directory: join(workDir, 'mounts') }),
      secrets: new Map(),
      agents: new Map(),
      overlay: undefined,
      unwanted: ignoredPaths((options.ignorePaths ?? []).map(rawPath)),
      unpackAll: options.unpackAll,
      log: silentLog,
      now: new Date('2026-03-01T12:00:00Z'),
    })
    options.atEnd?.(workDir)
    const { manifestDescriptor } = finishImage(image)
    return { kind: 'built', image: manifestDescriptor.digest, layers: image.layers.map(({ diffID }) => diffID) }
  }

  #source({ onOpened }: RouteOptions): ImageSource {
    return {
      find: async (reference) => {
        const name = isInLayout(reference) ? '' : reference.repository.replace('library/', '')
        const layers = this.#images.get(name)
        if (layers === undefined) throw new Error(`no image ${name}`)
        return imageOf(layers.map((layer) => (onOpened === undefined ? layer : watched(layer, onOpened))))
      },
    }
  }
}

/** The layer, whose store tells when it is opened. */
function watched(layer: StoredLayer, onOpened: (layer: StoredLayer) => void): StoredLayer {
  const store = new Proxy(layer.store, {
    get(target, name) {
      if (name === 'open') onOpened(layer)
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { ...layer, store }
}

function imageOf(layers: readonly Layer[]): PulledImage {
  const { manifestDescriptor, manifestBytes, configBytes } = finishImage({
    config: { architecture: 'amd64', os: 'linux', config: {}, diffIDs: [], history: [] },
    layers,
    annotations: {},
  })
  const diffIDs = layers.map(({ diffID }) => diffID)
  const config = { architecture: 'amd64', os: 'linux', config: {}, diffIDs, history: [] }
  return { manifestDescriptor, manifestBytes, configBytes, image: { config, layers, annotations: {} } }
}

/** Everything in a work directory, as one path each. */
export function inWorkDirectory(workDir: string): readonly string[] {
  mkdirSync(workDir, { recursive: true })
  return readdirSync(workDir, { recursive: true, encoding: 'utf8' })
}
