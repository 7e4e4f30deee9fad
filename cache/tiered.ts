import type { Layer, ReadOptions } from '../src/image/layer.ts'
import type { CacheKey } from './key.ts'
import type { CachedLayer, CacheOptions, LayerCache, NewEntry } from './layer-cache.ts'
import type { LocalLayerCache } from './local.ts'

export interface TieredCacheOptions {
  readonly local?: LocalLayerCache
  readonly remote?: LayerCache
  /** False reads the remote tier and never writes it. */
  readonly pushRemote: boolean
}

/**
 * Asks the local tier, then the remote one. A remote hit is noted locally at once; its bytes arrive when the layer is
 * fetched into the local store, so layers nobody opens are never transferred. New layers are stored locally before
 * `store` returns, and pushed to the remote tier in the background until `close`.
 */
export function tieredLayerCache(options: TieredCacheOptions): LayerCache {
  return new TieredCache(options)
}

class TieredCache implements LayerCache {
  readonly #options: TieredCacheOptions
  readonly #pushes: Promise<unknown>[] = []

  constructor(options: TieredCacheOptions) {
    this.#options = options
  }

  async lookup(key: CacheKey, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    const { local, remote } = this.#options
    const near = await local?.lookup(key, options)
    if (near !== undefined) return this.#backed(near, options)
    if (options.remote === false) return undefined
    const far = await remote?.lookup(key, options)
    return far === undefined || local === undefined ? far : local.remember(far)
  }

  async store(entry: NewEntry, layer: Layer, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    const { local, remote, pushRemote } = this.#options
    const earlier = await local?.store(entry, layer, options)
    // Whoever stored that one pushes it, too.
    if (earlier !== undefined) return this.#backed(earlier, options)
    if (remote === undefined || !pushRemote || options.remote === false) return undefined
    const push = remote.store(entry, layer, options)
    // An abort is thrown again by close; until then nobody awaits this.
    push.catch(() => {})
    this.#pushes.push(push)
    return undefined
  }

  async close(): Promise<void> {
    const pushes = await Promise.allSettled(this.#pushes)
    await this.#options.remote?.close()
    await this.#options.local?.close()
    for (const push of pushes) if (push.status === 'rejected') throw push.reason
  }

  /** A local layer whose copy turns out damaged may be in the remote tier, too. */
  #backed(near: CachedLayer, options: CacheOptions): CachedLayer {
    const { remote } = this.#options
    if (remote === undefined || options.remote === false || near.layer.kind === 'remote') return near
    const elsewhere = async ({ signal }: ReadOptions): Promise<Layer | undefined> => {
      return (await remote.lookup(near.key, signal === undefined ? {} : { signal }))?.layer
    }
    return { ...near, layer: { ...near.layer, elsewhere } }
  }
}
