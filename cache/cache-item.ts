import type { Descriptor } from '../src/oci/descriptor.ts'

/** What a cache directory keeps: a layer by its key, a warmed image, a cache mount, the unpacked files of a base. */
export type CacheItemKind = 'layer' | 'image' | 'mount' | 'unpacked'

/** One thing that a cache directory keeps, as it is listed, counted and pruned. */
export interface CacheItem {
  readonly kind: CacheItemKind
  /** Tells it from others of its kind: a key, a reference, the name of a mount's directory, a chainID. */
  readonly name: string
  /** For people: an instruction, a reference with its platform, the id of a mount. */
  readonly title: string
  readonly created: Date
  readonly lastUsed: Date
  /** How often builds have used it, where somebody counts. */
  readonly hits: number | undefined
  /** The blobs that it keeps; others may keep them, too. */
  readonly blobs: readonly Pick<Descriptor, 'digest' | 'size'>[]
  /** Bytes on the disk that are its own, besides blobs. */
  readonly size: number
  /** Takes it away, but for its blobs; false where somebody is using it. */
  remove(): Promise<boolean>
}
