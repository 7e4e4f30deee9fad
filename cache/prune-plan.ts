import type { Digest } from '../src/oci/digest.ts'
import type { CacheItem, CacheItemKind } from './cache-item.ts'
import type { Inventory } from './inventory.ts'
import { Keepers } from './keepers.ts'
import type { StoredBlob } from './stored-blobs.ts'

/** What a prune takes. Nothing said takes no item, but blobs that no item keeps. */
export interface PrunePolicy {
  /** Items made before. */
  readonly createdBefore?: Date | undefined
  /** Items that nobody has used since. */
  readonly unusedSince?: Date | undefined
  /** The same for layers alone. */
  readonly layersUnusedSince?: Date | undefined
  /** Cache mounts used longest ago until all of them together have at most so many bytes. */
  readonly maxMountSize?: number | undefined
  /** Those used longest ago until everything together has at most so many bytes. */
  readonly maxSize?: number | undefined
  /** Only these kinds are ever taken. */
  readonly kinds?: readonly CacheItemKind[] | undefined
  /** Only items that this is true of are ever taken. */
  readonly matches?: ((item: CacheItem) => boolean) | undefined
  /** All that kinds and names let through, whatever its age. */
  readonly everything?: boolean | undefined
}

/** Why an item goes: made too long ago, not used for too long, one of those asked for, or to make room. */
export type PruneReason = 'age' | 'unused' | 'chosen' | 'size'

export interface PlannedRemoval {
  readonly item: CacheItem
  readonly why: PruneReason
}

export interface PrunePlan {
  /** Those that were used longest ago first. */
  readonly removals: readonly PlannedRemoval[]
  /** What would go if nobody were using it. */
  readonly inUse: readonly CacheItem[]
  /** Blobs that nothing keeps once the items are gone. */
  readonly blobs: readonly StoredBlob[]
  /** Bytes that become free: those of the items and of the blobs, each counted once. */
  readonly bytes: number
  /** Bytes of what stays. */
  readonly left: number
}

export interface PruneSituation {
  readonly inventory: Inventory
  /** Whether somebody uses a blob, by its digest, or an item, as "unpacked:<name>". */
  readonly isPinned: (name: string) => boolean
  /** In ms, by the filesystem's clock. */
  readonly now: number
  /** How long a blob stays that no item has ever kept: somebody may be about to write what keeps it. In ms. */
  readonly graceMs: number
}

/** Says what a prune takes away. Decides only: nothing is read or written. */
export function planPrune(policy: PrunePolicy, situation: PruneSituation): PrunePlan {
  const { inventory } = situation
  const owned = new Set(inventory.items.flatMap(({ blobs }) => blobs.map(({ digest }) => digest)))
  const keepers = new Keepers(
    inventory,
    (digest) => staysAnyway(digest, situation) || (!owned.has(digest) && isYoung(digest, situation)),
  )
  const eligible = inventory.items.filter((item) => isEligible(item, policy)).sort(byLastUse)
  const chosen = new Map<CacheItem, PruneReason>()
  const inUse: CacheItem[] = []
  for (const item of eligible) {
    const why = reasonFor(item, policy)
    if (why === undefined) continue
    if (isInUse(item, situation)) inUse.push(item)
    else take(item, why)
  }
  const { maxSize, maxMountSize } = policy
  if (maxMountSize !== undefined) makeMountRoom(maxMountSize)
  if (maxSize !== undefined) makeRoom(maxSize)
  const blobs = keepers.unkept()
  return {
    removals: [...chosen].map(([item, why]) => ({ item, why })).sort((a, b) => byLastUse(a.item, b.item)),
    inUse,
    blobs,
    bytes: keepers.total - keepers.left,
    left: keepers.left,
  }

  function take(item: CacheItem, why: PruneReason): void {
    chosen.set(item, why)
    keepers.remove(item)
  }

  function makeMountRoom(bytes: number): void {
    const mounts = eligible.filter((item) => item.kind === 'mount' && !chosen.has(item))
    let left = mounts.reduce((sum, { size }) => sum + size, 0)
    for (const item of mounts) {
      if (left <= bytes) return
      take(item, 'size')
      left -= item.size
    }
  }

  function makeRoom(bytes: number): void {
    const before = new Set(chosen.keys())
    for (const item of eligible) {
      if (keepers.left <= bytes) break
      if (chosen.has(item)) continue
      if (isInUse(item, situation)) inUse.push(item)
      else take(item, 'size')
    }
    putBack(bytes, before)
  }

  /** What turned out to make no room, as younger items keep its blobs, need not go. */
  function putBack(bytes: number, before: ReadonlySet<CacheItem>): void {
    const bySize = [...chosen.keys()].filter((item) => !before.has(item))
    for (const item of bySize.reverse()) {
      keepers.add(item)
      if (keepers.left <= bytes) chosen.delete(item)
      else keepers.remove(item)
    }
  }
}

function staysAnyway(digest: Digest, { inventory, isPinned }: PruneSituation): boolean {
  return isPinned(digest) || inventory.kept.has(digest)
}

function isYoung(digest: Digest, { inventory, now, graceMs }: PruneSituation): boolean {
  const blob = inventory.blobs.get(digest)
  return blob !== undefined && now - blob.written < graceMs
}

function isInUse({ kind, name, blobs }: CacheItem, { isPinned }: PruneSituation): boolean {
  return isPinned(`${kind}:${name}`) || blobs.some(({ digest }) => isPinned(digest))
}

function isEligible(item: CacheItem, { kinds, matches }: PrunePolicy): boolean {
  return kinds?.includes(item.kind) !== false && matches?.(item) !== false
}

/** Why an item is asked to go; undefined where it is not. Room is another matter. */
export function removalReason(item: CacheItem, policy: PrunePolicy): PruneReason | undefined {
  return isEligible(item, policy) ? reasonFor(item, policy) : undefined
}

function reasonFor(item: CacheItem, policy: PrunePolicy): PruneReason | undefined {
  const { createdBefore, unusedSince, layersUnusedSince, everything } = policy
  if (createdBefore !== undefined && item.created < createdBefore) return 'age'
  if (unusedSince !== undefined && item.lastUsed < unusedSince) return 'unused'
  if (layersUnusedSince !== undefined && item.kind === 'layer' && item.lastUsed < layersUnusedSince) return 'unused'
  return everything === true ? 'chosen' : undefined
}

function byLastUse(a: CacheItem, b: CacheItem): number {
  return a.lastUsed.getTime() - b.lastUsed.getTime() || (a.name < b.name ? -1 : 1)
}
