import type { StoredLayer } from '../src/image/layer.ts'
import type { CacheKey } from './key.ts'
import type { CachedLayer, CacheOptions, LayerCache, NewEntry } from './layer-cache.ts'

/** A cache with what a build may do with it. */
export interface CacheTier {
  readonly cache: LayerCache
  readonly reads: boolean
  readonly writes: boolean
}

/**
 * Several caches as one. All that may be read are asked at once, and of those that have a layer the first one gives it; all
 * that may be written get every new layer.
 */
export function severalLayerCaches(tiers: readonly CacheTier[]): LayerCache {
  const readable = tiers.filter(({ reads }) => reads)
  const writable = tiers.filter(({ writes }) => writes)
  return {
    async lookup(key: CacheKey, options?: CacheOptions): Promise<CachedLayer | undefined> {
      const found = await Promise.all(readable.map(({ cache }) => cache.lookup(key, options)))
      return found.find((layer) => layer !== undefined)
    },
    async store(entry: NewEntry, layer: StoredLayer, options?: CacheOptions): Promise<CachedLayer | undefined> {
      const earlier = await Promise.all(writable.map(({ cache }) => cache.store(entry, layer, options)))
      return earlier.find((other) => other !== undefined)
    },
    async close(): Promise<void> {
      const closed = await Promise.allSettled(tiers.map(({ cache }) => cache.close()))
      for (const result of closed) if (result.status === 'rejected') throw result.reason
    },
  }
}
