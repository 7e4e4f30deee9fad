import { resolve } from 'node:path'
import { BaseImages } from '../../cache/base-images.ts'
import { type CacheAccess, cacheAccess } from '../../cache/cache-directory.ts'
import { DownloadNotes } from '../../cache/download-notes.ts'
import type { MissReader } from '../../cache/explain.ts'
import { FileTables } from '../../cache/file-tables.ts'
import { Flights } from '../../cache/flights.ts'
import { KanikoImages } from '../../cache/kaniko-images.ts'
import type { LayerCache } from '../../cache/layer-cache.ts'
import { keepWithin } from '../../cache/limits.ts'
import { localLayerCache, writingTrouble } from '../../cache/local.ts'
import { MountDirectories } from '../../cache/mount-directories.ts'
import { Pins } from '../../cache/pins.ts'
import type { TieredLayerCache } from '../../cache/tiered.ts'
import { UnpackedTrees } from '../../cache/unpacked-trees.ts'
import { BlobStore } from '../content/blob-store.ts'
import type { HearthError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { missingCapabilities } from '../run/missing-capabilities.ts'
import { inUserNamespace, ownIds } from '../run/user-namespace.ts'
import type { Variables } from './environment.ts'
import type { ExecutorOptions } from './executor-options.ts'
import { openMisses } from './explain-misses.ts'
import { openTiers } from './layer-tiers.ts'
import { openSharedStore } from './shared-store.ts'

export interface BuildCacheOptions {
  readonly options: ExecutorOptions
  readonly env: Variables
  /** For the cache repository. */
  readonly client: RegistryClient
  /** An existing directory of this build's own, for layers that cannot be kept. */
  readonly workDir: string
  readonly log: Log
  readonly signal: AbortSignal
}

/** What a build keeps its layers in, and what it can take from earlier ones. */
export interface BuildCache {
  readonly store: BlobStore
  readonly layers: LayerCache | undefined
  /** Waits until remote places have the layers made so far, or cannot have them. */
  readonly settled: () => Promise<void>
  readonly warm: BaseImages | undefined
  /** What addresses of ADD delivered. */
  readonly downloads: DownloadNotes | undefined
  /** Knows why layers are not there; undefined where nobody wants to hear it. */
  readonly misses: MissReader | undefined
  /** The steps that builds on the same directory are at; undefined where layers are not shared. */
  readonly flights: Flights | undefined
  /** What kaniko has warmed in the same directory. */
  readonly kaniko: KanikoImages | undefined
  /** What is known of the files of images. */
  readonly tables: FileTables | undefined
  /** Their unpacked files, with --cache-unpacked. */
  readonly trees: UnpackedTrees | undefined
  /** What RUN --mount=type=cache mounts. */
  readonly mounts: MountDirectories
  /** Why that does not stay for later builds; undefined where it does. */
  readonly mountsGo: string | undefined
  /** Lets go of what was used, then keeps the directory within its limits. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens what the cache flags name. Without --cache there is a store for this build and nothing else. A cache directory
 * that stops taking blobs hands over to such a store, too.
 */
export function openBuildCache(around: BuildCacheOptions): BuildCache {
  const { options, log } = around
  const usable = options.cache ? usableAccess(options, log) : 'none'
  const access = usable === 'writable' && !options.cachePlaces.local.write ? 'read-only' : usable
  const pins = access === 'writable' ? Pins.open(options.cacheDir, log) : undefined
  const parts = { ...openLayerCache(around, access, pins), ...openMounts(around, access) }
  return { ...parts, [Symbol.asyncDispose]: () => closeDirectory(around, pins) }
}

async function closeDirectory({ options, log, signal }: BuildCacheOptions, pins: Pins | undefined): Promise<void> {
  if (pins === undefined) return
  pins.close()
  const { cacheDir, cacheMaxSize: maxSize, cacheMountMaxSize: maxMountSize, cacheTtlMs: ttlMs } = options
  await keepWithin(cacheDir, { maxSize, maxMountSize, ttlMs }, { log, signal })
}

function openMounts(around: BuildCacheOptions, access: CacheAccess): Pick<BuildCache, 'mounts' | 'mountsGo'> {
  const { options, env, workDir, log } = around
  const ids = ownIds(env)
  const owners = ids === undefined ? {} : { owners: ids }
  const ofBuild = (): MountDirectories => new MountDirectories({ directory: `${workDir}/mounts`, ...owners })
  if (access !== 'writable') return { mounts: ofBuild(), mountsGo: whyMountsGo(options) }
  const directory = resolve(options.environment.cwd, options.cacheDir, 'mounts')
  const spill = ({ message, why = '' }: HearthError): MountDirectories => {
    log.warn(`Cache mounts cannot be kept in ${directory}, and begin empty: ${message} (${why})`)
    return ofBuild()
  }
  return { mounts: new MountDirectories({ directory, ...owners, spill }), mountsGo: undefined }
}

function whyMountsGo({ cache, cacheDir, cachePlaces }: ExecutorOptions): string {
  if (!cache) return 'there is no --cache'
  return cachePlaces.local.write ? `the cache directory ${cacheDir} cannot be written` : '--cache-to is none'
}

type LayerParts = Omit<BuildCache, 'mounts' | 'mountsGo' | typeof Symbol.asyncDispose>

export const nothing: Omit<LayerParts, 'store'> = {
  layers: undefined,
  settled: async () => {},
  warm: undefined,
  downloads: undefined,
  flights: undefined,
  misses: undefined,
  kaniko: undefined,
  tables: undefined,
  trees: undefined,
}

function openLayerCache(around: BuildCacheOptions, access: CacheAccess, pins: Pins | undefined): LayerParts {
  const { options, workDir, log } = around
  const temporary = (): BlobStore => BlobStore.open(`${workDir}/store`, { readOnly: false })
  if (!options.cache) return { ...nothing, store: temporary() }
  if (access === 'none') {
    return {
      ...nothing,
      store: temporary(),
      layers: openTiers(undefined, around),
      misses: openMisses(options, undefined),
    }
  }
  const { cacheDir: directory, cacheTtlMs: ttlMs, tarPath, ociLayoutPath } = options
  const writing = writingTrouble(directory, log)
  const store = openSharedStore({ directory, readOnly: access === 'read-only', log, writing, temporary, pins })
  const { readOnly } = store
  // These outputs read every layer, so that a damaged one is better found before the build counts on it.
  const checkLayers = tarPath !== undefined || ociLayoutPath !== undefined
  const now = (): Date => new Date()
  const local = localLayerCache({ directory, store, ttlMs, readOnly, log, now, checkLayers, writing })
  const warm = BaseImages.open(directory, { readOnly, log, ttlMs, store })
  const downloads = new DownloadNotes({ directory, readOnly })
  const misses = openMisses(options, directory)
  const kaniko = new KanikoImages({ directory, log })
  const tables = new FileTables({ directory, readOnly, log, writing })
  const trees = options.cacheUnpacked ? openTrees(around, readOnly) : undefined
  const isShared = !readOnly && options.cachePlaces.local.read
  const flights = isShared ? new Flights({ directory, patienceMs: options.sameStepWaitMs }) : undefined
  const layers = settling(openTiers(local, around))
  return { store: readOnly ? temporary() : store, ...layers, warm, downloads, flights, misses, kaniko, tables, trees }
}

function settling(layers: TieredLayerCache): Pick<BuildCache, 'layers' | 'settled'> {
  return { layers, settled: () => layers.settled() }
}

function openTrees({ options, env, log, signal }: BuildCacheOptions, readOnly: boolean): UnpackedTrees {
  const devices = !inUserNamespace(env) && !missingCapabilities().some(({ name }) => name === 'MKNOD')
  const directory = resolve(options.environment.cwd, options.cacheDir)
  return new UnpackedTrees({ directory, readOnly, devices, log, signal })
}

function usableAccess({ cacheDir, cachePlaces }: ExecutorOptions, log: Log): CacheAccess {
  const access = cacheAccess(cacheDir)
  if (access !== 'none') return access
  const names = cachePlaces.remotes.map(({ name }) => name).join(' and ')
  const left = names === '' ? 'nothing is cached' : `only ${names} is used`
  log.warn(`The cache directory ${cacheDir} does not exist and cannot be made, so that ${left}`)
  return access
}
