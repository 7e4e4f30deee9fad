import { resolve } from 'node:path'
import { BaseImages } from '../../cache/base-images.ts'
import { type CacheAccess, cacheAccess } from '../../cache/cache-directory.ts'
import type { LayerCache } from '../../cache/layer-cache.ts'
import { keepWithin } from '../../cache/limits.ts'
import { type LocalLayerCache, localLayerCache, writingTrouble } from '../../cache/local.ts'
import { MountDirectories } from '../../cache/mount-directories.ts'
import { ociLayerCache } from '../../cache/oci-directory.ts'
import { Pins } from '../../cache/pins.ts'
import { remoteLayerCache } from '../../cache/remote.ts'
import { tieredLayerCache } from '../../cache/tiered.ts'
import { Trouble } from '../../cache/trouble.ts'
import { BlobStore } from '../content/blob-store.ts'
import type { Log } from '../log.ts'
import { parseReference } from '../oci/reference.ts'
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
  readonly signal: AbortSignal
}

/** What a build keeps its layers in, and what it can take from earlier ones. */
export interface BuildCache {
  readonly store: BlobStore
  readonly layers: LayerCache | undefined
  readonly warm: BaseImages | undefined
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
  const access = around.options.cache ? usableAccess(around.options, around.log) : 'none'
  const pins = access === 'writable' ? Pins.open(around.options.cacheDir, around.log) : undefined
  const parts = { ...openLayerCache(around, access, pins), ...openMounts(around, access) }
  return { ...parts, [Symbol.asyncDispose]: () => closeDirectory(around, pins) }
}

async function closeDirectory({ options, log, signal }: BuildCacheOptions, pins: Pins | undefined): Promise<void> {
  if (pins === undefined) return
  pins.close()
  const { cacheDir, cacheMaxSize: maxSize, cacheTtlMs: ttlMs } = options
  await keepWithin(cacheDir, { maxSize, ttlMs }, { log, signal })
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

type LayerParts = Omit<BuildCache, 'mounts' | 'mountsGo' | typeof Symbol.asyncDispose>

function openLayerCache(around: BuildCacheOptions, access: CacheAccess, pins: Pins | undefined): LayerParts {
  const { options, workDir, log } = around
  const temporary = (): BlobStore => BlobStore.open(`${workDir}/store`, { readOnly: false })
  if (!options.cache) return { store: temporary(), layers: undefined, warm: undefined }
  if (access === 'none') return { store: temporary(), layers: tiered(undefined, around), warm: undefined }
  const { cacheDir: directory, cacheTtlMs: ttlMs, tarPath, ociLayoutPath } = options
  const writing = writingTrouble(directory, log)
  const store = openShared({ directory, readOnly: access === 'read-only', log, writing, temporary, pins })
  const { readOnly } = store
  // These outputs read every layer, so that a damaged one is better found before the build counts on it.
  const checkLayers = tarPath !== undefined || ociLayoutPath !== undefined
  const now = (): Date => new Date()
  const local = localLayerCache({ directory, store, ttlMs, readOnly, log, now, checkLayers, writing })
  const warm = BaseImages.open(directory, { readOnly, log, ttlMs, store })
  return { store: readOnly ? temporary() : store, layers: tiered(local, around), warm }
}

interface SharedOptions {
  readonly directory: string
  readonly readOnly: boolean
  readonly log: Log
  readonly writing: Trouble
  readonly temporary: () => BlobStore
  readonly pins: Pins | undefined
}

function openShared({ directory, readOnly, log, writing, temporary, pins }: SharedOptions): BlobStore {
  const damaged = new Trouble(log, `A blob of the cache directory ${directory} is damaged and is not used`)
  const onDamaged = (path: string): void => damaged.note(path)
  const spill = (error: unknown): BlobStore => {
    writing.note(error)
    return temporary()
  }
  try {
    return BlobStore.open(directory, { readOnly, onDamaged, spill, pins })
  } catch (error) {
    // There may be layers and images to read all the same.
    writing.note(error)
    return BlobStore.open(directory, { readOnly: true, onDamaged, pins })
  }
}

function usableAccess({ cacheDir, cacheRepo }: ExecutorOptions, log: Log): CacheAccess {
  const access = cacheAccess(cacheDir)
  if (access !== 'none') return access
  const left = cacheRepo === undefined ? 'nothing is cached' : `only ${cacheRepo} is`
  log.warn(`The cache directory ${cacheDir} does not exist and cannot be made, so that ${left}`)
  return access
}

function tiered(local: LocalLayerCache | undefined, { options, client, log }: BuildCacheOptions): LayerCache {
  const { cacheRepo, cacheTtlMs: ttlMs, pushCache: pushRemote } = options
  const common = { ttlMs, log, now: () => new Date() }
  const near = local === undefined ? {} : { local }
  if (cacheRepo === undefined) return tieredLayerCache({ ...near, pushRemote })
  const remote = cacheRepo.startsWith('oci:')
    ? ociLayerCache({ path: cacheRepo.slice('oci:'.length), readOnly: !pushRemote, ...common })
    : remoteLayerCache({ client, repository: parseReference(cacheRepo), ...common })
  return tieredLayerCache({ ...near, remote, pushRemote })
}
