import type { Layer, ReadOptions } from '../src/image/layer.ts'
import type { CacheKey } from './key.ts'
import type { CachedLayer, CacheOptions, LayerCache, NewEntry } from './layer-cache.ts'
import type { LocalLayerCache } from './local.ts'

/** A cache behind the local one, and what may be done with it. */
export interface RemoteTier {
  readonly cache: LayerCache
  readonly read: boolean
  readonly write: boolean
}

export interface TieredCacheOptions {
  readonly local?: LocalLayerCache
  /** Asked all at once; of several answers that of the first counts. */
  readonly remotes: readonly RemoteTier[]
}

export interface TieredLayerCache extends LayerCache {
  /** Waits until the layers stored so far are in the remote tiers, or cannot be. Never throws. */
  settled(): Promise<void>
}

/**
 * Asks the local tier, then the remote ones. A remote hit is noted locally at once; its bytes arrive when the layer is
 * fetched into the local store, so layers nobody opens are never transferred. New layers are stored locally before
 * `store` returns, and pushed to the remote tiers in the background until `close`.
 */
export function tieredLayerCache(options: TieredCacheOptions): TieredLayerCache {
  return new TieredCache(options)
}

class TieredCache implements TieredLayerCache {
  readonly #options: TieredCacheOptions
  readonly #pushes: Promise<unknown>[] = []

  constructor(options: TieredCacheOptions) {
    this.#options = options
  }

  async lookup(key: CacheKey, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    const { local } = this.#options
    const near = await local?.lookup(key, options)
    if (near !== undefined) return this.#backed(near, options)
    if (options.remote === false) return undefined
    const far = await this.#ask(key, options)
    return far === undefined || local === undefined ? far : local.remember(far)
  }

  async store(entry: NewEntry, layer: Layer, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    const { local, remotes } = this.#options
    const earlier = await local?.store(entry, layer, options)
    // Whoever stored that one pushes it, too.
    if (earlier !== undefined) return this.#backed(earlier, options)
    if (options.remote === false) return undefined
    for (const { cache } of remotes.filter(({ write }) => write)) {
      const push = cache.store(entry, layer, options)
      // An abort is thrown again by close; until then nobody awaits this.
      push.catch(() => {})
      this.#pushes.push(push)
    }
    return undefined
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#pushes)
  }

  async close(): Promise<void> {
    const pushes = await Promise.allSettled(this.#pushes)
    for (const { cache } of this.#options.remotes) await cache.close()
    await this.#options.local?.close()
    for (const push of pushes) if (push.status === 'rejected') throw push.reason
  }

  /** All begin at once; a slow one is waited for only when those before it have nothing. */
  async #ask(key: CacheKey, options: CacheOptions): Promise<CachedLayer | undefined> {
    const answers = this.#readable().map((cache) => cache.lookup(key, options))
    // One that is not waited for may still throw an abort.
    for (const answer of answers) answer.catch(() => {})
    for (const answer of answers) {
      const found = await answer
      if (found !== undefined) return found
    }
    return undefined
  }

  #readable(): readonly LayerCache[] {
    return this.#options.remotes.filter(({ read }) => read).map(({ cache }) => cache)
  }

  /** A local layer whose copy turns out damaged may be in a remote tier, too. */
  #backed(near: CachedLayer, options: CacheOptions): CachedLayer {
    if (this.#readable().length === 0 || options.remote === false || near.layer.kind === 'remote') return near
    const { digest } = near.layer.descriptor
    const elsewhere = async ({ signal }: ReadOptions): Promise<Layer | undefined> => {
      const asked = this.#readable().map((cache) => cache.lookup(near.key, signal === undefined ? {} : { signal }))
      return (await Promise.all(asked)).find((found) => found?.layer.descriptor.digest === digest)?.layer
    }
    return { ...near, layer: { ...near.layer, elsewhere } }
  }
}
