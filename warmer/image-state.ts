import type { ImageItem } from '../cache/image-items.ts'
import { isFresh } from '../cache/layer-cache.ts'

/**
 * "fresh": its tag counts. "expired": its tag was resolved too long ago. "pinned": it goes by a digest, for ever.
 * "replaced": its tag means another image by now, and only its digest is left to find it by. "listed": only index.json
 * knows it, so that no build finds it.
 */
export type ImageState = 'fresh' | 'expired' | 'pinned' | 'replaced' | 'listed'

export interface TimeToLive {
  readonly ttlMs: number
  readonly now: Date
}

/** What can be said about a warmed image without looking at its blobs. */
export function stateOf(item: ImageItem, { ttlMs, now }: TimeToLive): ImageState {
  const { isTag, resolvedAt, reference, manifest } = item
  if (resolvedAt === undefined) return 'listed'
  if (isTag) return isFresh(resolvedAt, ttlMs, now) ? 'fresh' : 'expired'
  return reference === manifest.digest ? 'replaced' : 'pinned'
}
