import type { StoredLayer } from '../src/image/layer.ts'
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
  readonly #pushes: Promise<void>[] = []

  constructor(options: TieredCacheOptions) {
    this.#options = options
  }

  async lookup(key: CacheKey, options: CacheOptions = {}): Promise<CachedLayer | undefined> {
    const { local, remote } = this.#options
    const near = await local?.lookup(key, options)
    if (near !== undefined || options.remote === false) return near
    const far = await remote?.lookup(key, options)
    return far === undefined || local === undefined ? far : local.remember(far)
  }

  async store(entry: NewEntry, layer: StoredLayer, options: CacheOptions = {}): Promise<void> {
    const { local, remote, pushRemote } = this.#options
    await local?.store(entry, layer, options)
    if (remote === undefined || !pushRemote || options.remote === false) return
    const push = remote.store(entry, layer, options)
    // An abort is thrown again by close; until then nobody awaits this.
    push.catch(() => {})
    this.#pushes.push(push)
  }

  async close(): Promise<void> {
    const pushes = await Promise.allSettled(this.#pushes)
    await this.#options.remote?.close()
    await this.#options.local?.close()
    for (const push of pushes) if (push.status === 'rejected') throw push.reason
  }
}
