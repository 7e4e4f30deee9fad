import type { Digest } from '../src/oci/digest.ts'
import type { CacheItem } from './cache-item.ts'
import type { Inventory } from './inventory.ts'
import type { StoredBlob } from './stored-blobs.ts'

/** Which items keep which blobs, and how many bytes that comes to, while items are taken away and put back. */
export class Keepers {
  /** Bytes of everything that was there at the beginning. */
  readonly total: number
  readonly #blobs: ReadonlyMap<Digest, StoredBlob>
  readonly #counts = new Map<Digest, number>()
  readonly #staysAnyway: (digest: Digest) => boolean
  #left: number

  /** `staysAnyway` says of blobs that they stay even if no item keeps them. */
  constructor({ items, blobs }: Inventory, staysAnyway: (digest: Digest) => boolean) {
    this.#blobs = blobs
    this.#staysAnyway = staysAnyway
    let own = 0
    for (const item of items) {
      own += item.size
      for (const digest of digestsOf(item)) this.#counts.set(digest, this.countOf(digest) + 1)
    }
    let [all, kept] = [own, own]
    for (const { digest, size } of blobs.values()) {
      all += size
      if (this.#isKept(digest)) kept += size
    }
    this.total = all
    this.#left = kept
  }

  /** Bytes of items that were not removed, and of blobs that stay. */
  get left(): number {
    return this.#left
  }

  /** How many items keep a blob. */
  countOf(digest: Digest): number {
    return this.#counts.get(digest) ?? 0
  }

  remove(item: CacheItem): void {
    this.#change(item, -1)
  }

  add(item: CacheItem): void {
    this.#change(item, 1)
  }

  /** The blobs that nothing keeps. */
  unkept(): readonly StoredBlob[] {
    return [...this.#blobs.values()].filter(({ digest }) => !this.#isKept(digest))
  }

  #change(item: CacheItem, by: 1 | -1): void {
    this.#left += by * item.size
    for (const digest of digestsOf(item)) {
      const before = this.#isKept(digest)
      this.#counts.set(digest, this.countOf(digest) + by)
      if (before !== this.#isKept(digest)) this.#left += by * (this.#blobs.get(digest)?.size ?? 0)
    }
  }

  #isKept(digest: Digest): boolean {
    return this.countOf(digest) > 0 || this.#staysAnyway(digest)
  }
}

/** An item may name a blob twice, as an image does whose layers are the same. */
function digestsOf({ blobs }: CacheItem): ReadonlySet<Digest> {
  return new Set(blobs.map(({ digest }) => digest))
}
