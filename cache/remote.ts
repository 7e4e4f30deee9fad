import { HearthError } from '../src/errors.ts'
import { type Layer, openLayer, type RemoteLayer } from '../src/image/layer.ts'
import type { Log } from '../src/log.ts'
import { type Reference, repositoryName } from '../src/oci/reference.ts'
import type { RegistryClient } from '../src/registry/registry-client.ts'
import { bytesOf, collect } from '../src/stream/bytes.ts'
import { cacheImageOf, parseCacheConfig, parseCacheManifest } from './cache-image.ts'
import { maxEntrySize } from './entry-file.ts'
import { type CacheKey, storedRecord } from './key.ts'
import { type CachedLayer, type CacheOptions, isFresh, type LayerCache, type NewEntry } from './layer-cache.ts'
import { Trouble, throwIfAborted } from './trouble.ts'

export interface RemoteCacheOptions {
  readonly client: RegistryClient
  /** Registry and repository; every entry is one tag in it. */
  readonly repository: Reference
  /** How long a layer counts after it was made, in ms. */
  readonly ttlMs: number
  /** How long one question may take, in ms; default half a minute. */
  readonly patienceMs?: number
  readonly log: Log
  readonly now: () => Date
}

/**
 * Layers in a repository of a registry: one image of one layer per key, tagged with the key. A layer's bytes stay there
 * until somebody opens it. A registry that fails for other reasons than one bad entry is not asked again in this build.
 */
export function remoteLayerCache(options: RemoteCacheOptions): LayerCache {
  return new RepositoryCache(options)
}

// What one bad entry can cause; everything else concerns the registry as a whole.
const entryErrors: ReadonlySet<string> = new Set([
  'integrity',
  'manifest-invalid',
  'config-invalid',
  'cache-unusable',
  'platform-invalid',
])

const defaultPatienceMs = 30_000

class RepositoryCache implements LayerCache {
  readonly #options: RemoteCacheOptions
  readonly #reading: Trouble
  readonly #writing: Trouble
  #canRead = true
  #canWrite = true

  constructor(options: RemoteCacheOptions) {
    const name = repositoryName(options.repository)
    this.#options = options
    this.#reading = new Trouble(options.log, `The cache repository ${name} cannot be read, the build goes on without`)
    this.#writing = new Trouble(
      options.log,
      `The cache repository ${name} cannot be written, the build goes on without`,
    )
  }

  async lookup(key: CacheKey, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    options.signal?.throwIfAborted()
    if (!this.#canRead) return undefined
    try {
      return await this.#find(key, options)
    } catch (error) {
      throwIfAborted(error, options.signal)
      if (isMissing(error)) return undefined
      const isSlow = error instanceof DOMException && error.name === 'TimeoutError'
      if (!isEntryError(error)) this.#canRead = false
      if (isUnreachable(error) || isSlow) this.#canWrite = false
      this.#reading.note(isSlow ? tooSlow(this.#options.patienceMs ?? defaultPatienceMs) : error)
      return undefined
    }
  }

  async store(entry: NewEntry, layer: Layer, options: CacheOptions = {}): Promise<undefined> {
    if (!this.#canWrite) return
    try {
      await this.#push(entry, layer, options)
    } catch (error) {
      throwIfAborted(error, options.signal)
      this.#canWrite = false
      this.#writing.note(error, { quiet: this.#reading.count > 0 })
    }
  }

  async close(): Promise<void> {}

  async #find(key: CacheKey, options: CacheOptions): Promise<CachedLayer | undefined> {
    const { client, repository, ttlMs, now } = this.#options
    const signal = { signal: this.#bounded(options) }
    const { descriptor, bytes } = await client.manifest(this.#tagged(key), signal)
    const manifest = parseCacheManifest(bytes, descriptor.mediaType)
    if (manifest.config.size > maxEntrySize) return undefined
    const [configBytes, isThere] = await Promise.all([
      collect(client.openBlob(repository, manifest.config, { ...signal, atOnce: true }), maxEntrySize),
      client.hasBlob(repository, manifest.layer.digest, signal),
    ])
    const entry = parseCacheConfig(configBytes, { key, layer: manifest.layer })
    if (!isThere || !isFresh(entry.created, ttlMs, now())) return undefined
    const { layer: stored, diffID, ...told } = entry
    const layer: RemoteLayer = { kind: 'remote', descriptor: stored, diffID, client, repository }
    return { ...told, key, layer, tier: 'remote' }
  }

  async #push(entry: NewEntry, layer: Layer, options: CacheOptions): Promise<void> {
    const { client, repository } = this.#options
    const signal = signalOf(options)
    const { descriptor, diffID } = layer
    const image = cacheImageOf({ ...entry, record: storedRecord(entry.record), layer: descriptor, diffID })
    await Promise.all([
      client.pushBlob(repository, descriptor, { open: () => openLayer(layer, signal), ...signal }),
      client.pushBlob(repository, image.config, { open: () => bytesOf(image.configBytes), ...signal }),
    ])
    const { mediaType } = image.manifest
    await client.pushManifest(this.#tagged(entry.key), image.manifestBytes, { mediaType, ...signal })
  }

  /** Requests have time-outs of their own, but with their repetitions a registry that hangs would hold up a build for long. */
  #bounded({ signal }: CacheOptions): AbortSignal {
    const { patienceMs = defaultPatienceMs } = this.#options
    const bound = AbortSignal.timeout(patienceMs)
    return signal === undefined ? bound : AbortSignal.any([signal, bound])
  }

  #tagged(key: CacheKey): Reference {
    return { ...this.#options.repository, tag: key, digest: undefined }
  }
}

function tooSlow(patienceMs: number): HearthError {
  return new HearthError({ code: 'registry-unreachable', message: `it has not answered for ${patienceMs / 1000} s` })
}

/** Whether the registry says that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return error instanceof HearthError && error.code === 'registry-not-found'
}

function isUnreachable(error: unknown): boolean {
  return error instanceof HearthError && error.code === 'registry-unreachable'
}

/** Whether an error concerns one entry and not the registry as a whole. */
export function isEntryError(error: unknown): boolean {
  if (error instanceof RangeError) return true
  return error instanceof HearthError && entryErrors.has(error.code)
}

function signalOf(options: CacheOptions): { readonly signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal }
}
