import { join } from 'node:path'
import { createFileAtomically, writeFileAtomically } from '../src/content/atomic-file.ts'
import type { BlobStore } from '../src/content/blob-store.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { reapTemporaries } from '../src/content/temporary.ts'
import { fetchLayer, type Layer, type ReadOptions, type StoredLayer } from '../src/image/layer.ts'
import type { Log } from '../src/log.ts'
import { type Entry, entryBytes, entryPath, readEntry } from './entry-file.ts'
import { type CacheKey, canonicalInputs, storedRecord } from './key.ts'
import { noteUse } from './last-use.ts'
import { type CachedLayer, type CacheOptions, isFresh, type LayerCache, type NewEntry } from './layer-cache.ts'
import { LayerIndex, type LayerUse } from './layer-index.ts'
import { reasonOf, Trouble, throwIfAborted } from './trouble.ts'

export interface LocalCacheOptions {
  /** The cache directory; entries/ and index/ are below it. */
  readonly directory: string
  /** Where the layers' bytes are, as a rule blobs/ of the same directory. */
  readonly store: BlobStore
  /** How long a layer counts after it was made, in ms. */
  readonly ttlMs: number
  readonly readOnly: boolean
  readonly log: Log
  readonly now: () => Date
  /** Hash a layer before it counts as a hit: for builds that read all their layers anyway. */
  readonly checkLayers?: boolean
  /** Where the store's own trouble with writing is noted, so that one full disk is one warning. */
  readonly writing?: Trouble
}

/** What layers that cannot be written to a cache directory are counted by. */
export function writingTrouble(directory: string, log: Log): Trouble {
  return new Trouble(log, `A layer cannot be added to the cache directory ${directory}, the build goes on`)
}

/** A cache that can also note a layer found elsewhere, before its bytes are here. */
export interface LocalLayerCache extends LayerCache {
  /** Writes the entry, and gives the layer back such that its bytes are kept here when somebody reads them. */
  remember(found: CachedLayer): Promise<CachedLayer>
}

/**
 * Layers in a directory. The files in entries/ and blobs/ are the truth; the SQLite index only tells their history, is
 * touched once when the cache closes, and may be missing or deleted.
 */
export function localLayerCache(options: LocalCacheOptions): LocalLayerCache {
  const { directory, readOnly, log } = options
  if (readOnly) log.info(`The cache directory ${directory} is read-only: it is used, and new layers are not added`)
  else reapTemporaries(join(directory, 'entries'))
  return new DirectoryCache(options)
}

class DirectoryCache implements LocalLayerCache {
  readonly #options: LocalCacheOptions
  readonly #reading: Trouble
  readonly #writing: Trouble
  readonly #stored = new Map<CacheKey, Entry>()
  readonly #uses = new Map<CacheKey, LayerUse>()

  constructor(options: LocalCacheOptions) {
    const { directory, log } = options
    this.#options = options
    this.#reading = new Trouble(log, `An entry of the cache directory ${directory} cannot be read and counts as a miss`)
    this.#writing = options.writing ?? writingTrouble(directory, log)
  }

  async lookup(key: CacheKey, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    options.signal?.throwIfAborted()
    const { store, checkLayers = false, now } = this.#options
    try {
      const found = await this.#find(key)
      if (found === undefined || (checkLayers && !(await store.check(found.layer.descriptor)))) return undefined
      this.#uses.set(key, { hits: (this.#uses.get(key)?.hits ?? 0) + 1, lastUsed: now() })
      return found
    } catch (error) {
      this.#reading.note(error)
      return undefined
    }
  }

  async store(entry: NewEntry, layer: Layer, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    if (this.#options.readOnly) return undefined
    const { signal } = options
    try {
      return (await this.#earlier(entry)) ?? (await this.#add(entry, layer, signal === undefined ? {} : { signal }))
    } catch (error) {
      throwIfAborted(error, signal)
      this.#writing.note(error)
      return undefined
    }
  }

  async remember(found: CachedLayer): Promise<CachedLayer> {
    const { readOnly, store } = this.#options
    if (readOnly) return found
    const { tier: _tier, layer, ...told } = found
    try {
      await this.#write({ ...told, layer: layer.descriptor, diffID: layer.diffID })
      return { ...found, layer: { ...layer, keep: store } }
    } catch (error) {
      this.#writing.note(error)
      return found
    }
  }

  async close(): Promise<void> {
    if (this.#options.readOnly || this.#stored.size + this.#uses.size === 0) return
    const { directory, log } = this.#options
    await noteUse([...this.#uses.keys()].map((key) => entryPath(directory, key)))
    let index: LayerIndex | undefined
    try {
      index = LayerIndex.open(directory, log)
      await index?.update([...this.#stored.values()], this.#uses)
    } catch (error) {
      log.debug(`The history of the cache directory ${directory} was not written: ${reasonOf(error)}`)
    } finally {
      index?.close()
      this.#stored.clear()
      this.#uses.clear()
    }
  }

  async #find(key: CacheKey): Promise<CachedLayer | undefined> {
    const { directory, store, ttlMs, now } = this.#options
    const entry = await readEntry(directory, key)
    if (entry === undefined || !isFresh(entry.created, ttlMs, now()) || !store.has(entry.layer)) return undefined
    const { layer: descriptor, diffID, ...told } = entry
    const layer: StoredLayer = { kind: 'stored', descriptor, diffID, store }
    return { ...told, layer, tier: 'local' }
  }

  /** What another build has stored for the key, if it is as good as the new entry: made on the same layers, and whole. */
  async #earlier({ key, madeOn }: NewEntry): Promise<CachedLayer | undefined> {
    // A damaged entry is replaced by the new one.
    const found = await this.#find(key).catch(() => undefined)
    if (found?.madeOn !== madeOn) return undefined
    return (await this.#options.store.check(found.layer.descriptor)) ? found : undefined
  }

  async #add(entry: NewEntry, layer: Layer, options: ReadOptions): Promise<CachedLayer | undefined> {
    const { store, directory } = this.#options
    const { descriptor, diffID } = layer
    // Else the directory has stopped taking blobs, which has been said.
    const isHere = async (): Promise<boolean> =>
      (await fetchLayer(layer, store, options)).store.directory === store.directory
    if (layer.kind === 'stored' && !(await isHere())) return undefined
    const { inputs } = entry.record
    if (inputs !== undefined) {
      const written = await store.writeBytes(new TextEncoder().encode(canonicalInputs(inputs)))
      if (written.store.directory !== store.directory) return undefined
    }
    const { key } = entry
    const full = { ...entry, record: storedRecord(entry.record), layer: descriptor, diffID }
    makeDirectoryIn(directory, 'entries')
    if (!(await createFileAtomically(entryPath(directory, key), entryBytes(full)))) {
      const earlier = await this.#earlier(entry)
      if (earlier !== undefined) return earlier
      await this.#write(full)
    }
    this.#stored.set(key, full)
    return undefined
  }

  async #write(entry: Entry): Promise<void> {
    const { directory } = this.#options
    makeDirectoryIn(directory, 'entries')
    await writeFileAtomically(entryPath(directory, entry.key), entryBytes(entry))
    this.#stored.set(entry.key, entry)
  }
}
