import { BlobStore } from '../src/content/blob-store.ts'
import { type LayoutImage, OciLayout } from '../src/content/oci-layout.ts'
import { fetchLayer, type Layer } from '../src/image/layer.ts'
import type { Log } from '../src/log.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import { cacheImageOf, parseCacheConfig, parseCacheManifest } from './cache-image.ts'
import { maxEntrySize } from './entry-file.ts'
import { type CacheKey, storedRecord } from './key.ts'
import { type CachedLayer, type CacheOptions, isFresh, type LayerCache, type NewEntry } from './layer-cache.ts'
import { Trouble, throwIfAborted } from './trouble.ts'

export interface OciCacheOptions {
  /** The directory; it becomes an OCI layout when the first layer is stored. */
  readonly path: string
  /** Nothing is to be stored, and damaged layers are not removed. */
  readonly readOnly?: boolean
  /** How long a layer counts after it was made, in ms. */
  readonly ttlMs: number
  readonly log: Log
  readonly now: () => Date
}

/** Layers in a directory that other tools can read and copy: an OCI layout of one image per key, named by the key. */
export function ociLayerCache(options: OciCacheOptions): LayerCache {
  return new LayoutCache(options)
}

interface Named {
  readonly images: readonly LayoutImage[]
  readonly descriptors: ReadonlyMap<string, Descriptor>
}

class LayoutCache implements LayerCache {
  readonly #options: OciCacheOptions
  readonly #reading: Trouble
  readonly #writing: Trouble
  #writable: Promise<OciLayout> | undefined
  #readable: OciLayout | undefined
  #byName: Named | undefined

  constructor(options: OciCacheOptions) {
    const { path, log } = options
    this.#options = options
    this.#reading = new Trouble(log, `The cache layout ${path} cannot be read and counts as a miss`)
    this.#writing = new Trouble(log, `A layer cannot be added to the cache layout ${path}, the build goes on`)
  }

  async lookup(key: CacheKey, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    options.signal?.throwIfAborted()
    try {
      this.#readable ??= await OciLayout.open(this.#options.path, { readOnly: true })
      const descriptor = (await this.#named(this.#readable)).get(key)
      return descriptor === undefined ? undefined : await this.#read(this.#readable, key, descriptor)
    } catch (error) {
      this.#reading.note(error)
      return undefined
    }
  }

  async store(entry: NewEntry, layer: Layer, options: CacheOptions = {}): Promise<undefined> {
    const { signal } = options
    try {
      this.#writable ??= OciLayout.open(this.#options.path, { readOnly: false })
      const layout = await this.#writable
      const { descriptor, diffID } = await fetchLayer(layer, layout.blobs, signal === undefined ? {} : { signal })
      const image = cacheImageOf({ ...entry, record: storedRecord(entry.record), layer: descriptor, diffID })
      await layout.blobs.writeBytes(image.configBytes)
      await layout.blobs.writeBytes(image.manifestBytes)
      await layout.add({ descriptor: image.manifest, name: entry.key })
    } catch (error) {
      throwIfAborted(error, signal)
      this.#writing.note(error)
    }
  }

  async close(): Promise<void> {}

  async #named(layout: OciLayout): Promise<ReadonlyMap<string, Descriptor>> {
    const images = await layout.knownImages()
    if (this.#byName?.images !== images) {
      const named = images.flatMap(({ name, descriptor }) => (name === undefined ? [] : [[name, descriptor] as const]))
      // Of equal names the first counts.
      this.#byName = { images, descriptors: new Map(named.reverse()) }
    }
    return this.#byName.descriptors
  }

  async #read(layout: OciLayout, key: CacheKey, descriptor: Descriptor): Promise<CachedLayer | undefined> {
    const { ttlMs, now } = this.#options
    const store = this.#blobs(layout)
    const manifest = parseCacheManifest(await store.read(descriptor, maxEntrySize), descriptor.mediaType)
    const entry = parseCacheConfig(await store.read(manifest.config, maxEntrySize), { key, layer: manifest.layer })
    if (!store.has(entry.layer) || !isFresh(entry.created, ttlMs, now())) return undefined
    const { layer, diffID, ...told } = entry
    return { ...told, key, layer: { kind: 'stored', descriptor: layer, diffID, store }, tier: 'remote' }
  }

  /** Damaged blobs are removed where that is possible, so that the next build stores them anew. */
  #blobs(layout: OciLayout): BlobStore {
    const { path, readOnly = false } = this.#options
    if (readOnly) return layout.blobs
    try {
      return BlobStore.open(path, { readOnly })
    } catch {
      return layout.blobs
    }
  }
}
