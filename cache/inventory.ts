import type { Digest } from '../src/oci/digest.ts'
import type { CacheItem } from './cache-item.ts'
import { scanImages } from './list-images.ts'
import { scanLayers } from './list-layers.ts'
import { listMounts } from './mount-items.ts'
import { type StoredBlob, storedBlobs } from './stored-blobs.ts'
import { listUnpacked } from './unpacked-items.ts'

/** All that a cache directory keeps. */
export interface Inventory {
  readonly items: readonly CacheItem[]
  readonly blobs: ReadonlyMap<Digest, StoredBlob>
  /** Blobs that no item keeps, and that documents speak of which could not be understood. */
  readonly kept: ReadonlySet<Digest>
}

/** Lists the items of one kind in a cache directory. */
export type ItemLister = (directory: string) => Promise<readonly CacheItem[]>

/** Kinds that have no blobs. */
const others: readonly ItemLister[] = [listMounts, listUnpacked]

/** Reads what a cache directory keeps. Files that vanish meanwhile are left out; others that cannot be read are errors. */
export async function takeInventory(directory: string): Promise<Inventory> {
  // First, so that every blob of an item that is found was there before it.
  const blobs = storedBlobs(directory)
  const scans = [await scanLayers(directory, blobs), await scanImages(directory, blobs)]
  return {
    items: [...scans.flatMap(({ items }) => items), ...(await otherItems(directory))],
    blobs,
    kept: new Set(scans.flatMap(({ kept }) => kept)),
  }
}

/** The items that keep no blobs, but files of their own. */
export async function otherItems(directory: string): Promise<readonly CacheItem[]> {
  return (await Promise.all(others.map((list) => list(directory)))).flat()
}
