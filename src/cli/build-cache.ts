import { resolve } from 'node:path'
import { BaseImages } from '../../cache/base-images.ts'
import { type CacheAccess, cacheAccess } from '../../cache/cache-directory.ts'
import type { LayerCache } from '../../cache/layer-cache.ts'
import { type LocalLayerCache, localLayerCache, writingTrouble } from '../../cache/local.ts'
import { MountDirectories } from '../../cache/mount-directories.ts'
import { ociLayerCache } from '../../cache/oci-directory.ts'
import { remoteLayerCache } from '../../cache/remote.ts'
import { type TieredLayerCache, tieredLayerCache } from '../../cache/tiered.ts'
import { Trouble } from '../../cache/trouble.ts'
import { BlobStore } from '../content/blob-store.ts'
import type { Log } from '../log.ts'
import { parseRepository } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { ownIds } from '../run/user-namespace.ts'
import type { Variables } from './environment.ts'
import type { ExecutorOptions } from './executor-options.ts'

export interface BuildCacheOptions {
  readonly options: ExecutorOptions
  readonly env: Variables
  /** For the cache repository. */
  readonly client: RegistryClient
  /** An existing directory of this build's own, for layers that cannot be kept. */
  readonly workDir: string
  readonly log: Log
}

/** What a build keeps its layers in, and what it can take from earlier ones. */
export interface BuildCache {
  readonly store: BlobStore
  readonly layers: LayerCache | undefined
  /** Waits until remote places have the layers made so far, or cannot have them. */
  readonly settled: () => Promise<void>
  readonly warm: BaseImages | undefined
  /** What RUN --mount=type=cache mounts. */
  readonly mounts: MountDirectories
  /** Why that does not stay for later builds; undefined where it does. */
  readonly mountsGo: string | undefined
}

/**
 * Opens what the cache flags name. Without --cache there is a store for this build and nothing else. A cache directory
 * that stops taking blobs hands over to such a store, too.
 */
export function openBuildCache(around: BuildCacheOptions): BuildCache {
  const access = around.options.cache ? usableAccess(around.options, around.log) : 'none'
  return { ...openLayerCache(around, access), ...openMounts(around, access) }
}

function openMounts(around: BuildCacheOptions, access: CacheAccess): Pick<BuildCache, 'mounts' | 'mountsGo'> {
  const { options, env, workDir } = around
  const parent = access === 'writable' ? resolve(options.environment.cwd, options.cacheDir) : workDir
  const owners = ownIds(env)
  const mounts = new MountDirectories({ directory: `${parent}/mounts`, ...(owners === undefined ? {} : { owners }) })
  if (access === 'writable') return { mounts, mountsGo: undefined }
  const why = options.cache ? `the cache directory ${options.cacheDir} cannot be written` : 'there is no --cache'
  return { mounts, mountsGo: why }
}

type LayerParts = Omit<BuildCache, 'mounts' | 'mountsGo'>

function openLayerCache(around: BuildCacheOptions, access: CacheAccess): LayerParts {
  const { options, workDir, log } = around
  const temporary = (): BlobStore => BlobStore.open(`${workDir}/store`, { readOnly: false })
  if (!options.cache) return { store: temporary(), layers: undefined, settled: async () => {}, warm: undefined }
  if (access === 'none') return { store: temporary(), ...settling(tiered(undefined, around)), warm: undefined }
  const { cacheDir: directory, cacheTtlMs: ttlMs, tarPath, ociLayoutPath } = options
  const writing = writingTrouble(directory, log)
  const store = openShared({ directory, readOnly: access === 'read-only', log, writing, temporary })
  const { readOnly } = store
  // These outputs read every layer, so that a damaged one is better found before the build counts on it.
  const checkLayers = tarPath !== undefined || ociLayoutPath !== undefined
  const now = (): Date => new Date()
  const local = localLayerCache({ directory, store, ttlMs, readOnly, log, now, checkLayers, writing })
  const warm = BaseImages.open(directory, { readOnly, log, ttlMs, store })
  return { store: readOnly ? temporary() : store, ...settling(tiered(local, around)), warm }
}

interface SharedOptions {
  readonly directory: string
  readonly readOnly: boolean
  readonly log: Log
  readonly writing: Trouble
  readonly temporary: () => BlobStore
}

function openShared({ directory, readOnly, log, writing, temporary }: SharedOptions): BlobStore {
  const damaged = new Trouble(log, `A blob of the cache directory ${directory} is damaged and is not used`)
  const onDamaged = (path: string): void => damaged.note(path)
  const spill = (error: unknown): BlobStore => {
    writing.note(error)
    return temporary()
  }
  try {
    return BlobStore.open(directory, { readOnly, onDamaged, spill })
  } catch (error) {
    // There may be layers and images to read all the same.
    writing.note(error)
    return BlobStore.open(directory, { readOnly: true, onDamaged })
  }
}

function usableAccess({ cacheDir, cacheRemotes }: ExecutorOptions, log: Log): CacheAccess {
  const access = cacheAccess(cacheDir)
  if (access !== 'none') return access
  const names = cacheRemotes.map(({ name }) => name).join(' and ')
  const left = names === '' ? 'nothing is cached' : `only ${names} is used`
  log.warn(`The cache directory ${cacheDir} does not exist and cannot be made, so that ${left}`)
  return access
}

function settling(layers: TieredLayerCache): Pick<BuildCache, 'layers' | 'settled'> {
  return { layers, settled: () => layers.settled() }
}

function tiered(local: LocalLayerCache | undefined, { options, client, log }: BuildCacheOptions): TieredLayerCache {
  const { cacheRemotes, cacheTtlMs: ttlMs, environment } = options
  const common = { ttlMs, log, now: () => new Date() }
  const remotes = cacheRemotes.map(({ name, read, write }) => {
    const cache = name.startsWith('oci:')
      ? ociLayerCache({ path: resolve(environment.cwd, name.slice('oci:'.length)), readOnly: !write, ...common })
      : remoteLayerCache({ client, repository: parseRepository(name), ...common })
    return { cache, read, write }
  })
  return tieredLayerCache({ ...(local === undefined ? {} : { local }), remotes })
}
