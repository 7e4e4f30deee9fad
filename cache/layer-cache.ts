import type { Layer } from '../src/image/layer.ts'
import type { EntryAbout } from './about.ts'
import type { CacheKey, KeyRecord, StoredRecord } from './key.ts'

/** A layer found in the cache. */
export interface CachedLayer {
  readonly key: CacheKey
  readonly layer: Layer
  /** Identity of the layers it was made on; whoever stacks it on others must compare. */
  readonly madeOn: string
  readonly created: Date
  readonly tier: 'local' | 'remote'
  readonly record: StoredRecord
  /** The instruction it was made by, for people. */
  readonly text: string
  readonly about?: EntryAbout
  /** The key by content that the layer has as well; undefined where it has none, or had none by then. */
  readonly content?: CacheKey
}

/** What is known of a new layer besides its bytes. */
export interface NewEntry {
  readonly key: CacheKey
  readonly record: KeyRecord
  readonly madeOn: string
  readonly created: Date
  readonly text: string
  /** Where the step stood, for explaining later misses. */
  readonly about?: EntryAbout
  readonly content?: CacheKey
}

export interface CacheOptions {
  /** False keeps this question or layer in the local tier. */
  readonly remote?: boolean
  readonly signal?: AbortSignal
}

/**
 * Layers by key. A cache may fail, a build must not because of it: `lookup` answers a damaged, expired or unreadable
 * entry with undefined, and `store` keeps going when it cannot write; both say so once. Only an abort is thrown.
 */
export interface LayerCache {
  lookup(key: CacheKey, options?: CacheOptions): Promise<CachedLayer | undefined>
  /**
   * Adds a new layer. Gives another layer where somebody has stored one for the same key, made on the same layers, in the
   * meantime: that one stays, and whoever wants later builds to find what follows uses it instead of the own. The bytes of
   * a layer that is in a registry stay there.
   */
  store(entry: NewEntry, layer: Layer, options?: CacheOptions): Promise<CachedLayer | undefined>
  /** Waits for what runs in the background. */
  close(): Promise<void>
}

/** Whether an entry made at `created` still counts. A time in the future is a clock's fault, and counts as now. */
export function isFresh(created: Date, ttlMs: number, now: Date): boolean {
  return now.getTime() - created.getTime() <= ttlMs
}
