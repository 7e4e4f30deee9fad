import { join } from 'node:path'
import { type FileLock, holdFileLock } from '../src/content/file-lock.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { filesystemTime } from '../src/content/temporary.ts'
import { asHearthError } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import type { Digest } from '../src/oci/digest.ts'
import type { CacheItem } from './cache-item.ts'
import { takeInventory } from './inventory.ts'
import { findLeftovers, type Leftover, removeLeftover } from './leftovers.ts'
import { type LivePins, readLivePins } from './live-pins.ts'
import { newMentions, seeDocuments } from './new-mentions.ts'
import { type PlannedRemoval, type PrunePlan, type PrunePolicy, planPrune } from './prune-plan.ts'
import type { StoredBlob } from './stored-blobs.ts'
import { blobsInTrash, deleteFromTrash, moveToTrash, removeAbandonedTrees, takeFromTrash } from './trash.ts'
import { reasonOf } from './trouble.ts'

export interface PruneOptions {
  /** What to take; `now` is the time by the clock of the directory's filesystem. */
  policyAt(now: Date): PrunePolicy
  /** How long blobs stay that no item keeps, in ms. */
  readonly graceMs: number
  /** Nothing is changed. */
  readonly dryRun: boolean
  /** How long to wait for another prune, in ms. */
  readonly patienceMs: number
  readonly log: Log
  readonly signal?: AbortSignal
}

/** What a prune did, or would have done. */
export interface PruneOutcome {
  readonly removals: readonly PlannedRemoval[]
  readonly inUse: readonly CacheItem[]
  readonly blobs: readonly StoredBlob[]
  readonly leftovers: readonly Leftover[]
  /** Bytes that became free. */
  readonly freed: number
  /** Bytes of what is left, without the files that only describe it. */
  readonly left: number
}

/**
 * Prunes a cache directory beside running builds, warmers and other prunes. What somebody has pinned stays. Blobs are first
 * put aside, then the leases are read again: what is pinned by then, or what a new entry speaks of, is taken back. So who
 * pins a blob and then finds it has it for good. Undefined when another prune went on for all of `patienceMs`.
 */
export async function pruneCache(directory: string, options: PruneOptions): Promise<PruneOutcome | undefined> {
  if (options.dryRun) return await new Prune(directory, options).preview()
  const lock = await lockPrunes(directory, options)
  if (lock === undefined) return undefined
  try {
    return await new Prune(directory, options).run()
  } finally {
    await lock.release()
  }
}

class Prune {
  readonly #directory: string
  readonly #options: PruneOptions

  constructor(directory: string, options: PruneOptions) {
    this.#directory = directory
    this.#options = options
  }

  async preview(): Promise<PruneOutcome> {
    const now = this.#now()
    const pins = readLivePins(this.#directory, now)
    const plan = await this.#plan(now, pins)
    return outcomeOf(plan, findLeftovers(this.#directory, now, pins.dead))
  }

  async run(): Promise<PruneOutcome> {
    const now = this.#now()
    const pins = readLivePins(this.#directory, now)
    // First, for it needs no room: a full disk may refuse everything else.
    const leftovers = findLeftovers(this.#directory, now, pins.dead).filter(removeLeftover)
    await removeAbandonedTrees(this.#directory, now)
    const seen = seeDocuments(this.#directory)
    for (const digest of blobsInTrash(this.#directory)) takeFromTrash(this.#directory, digest)
    const plan = await this.#plan(now, pins)
    const { removals, refused } = await this.#removeItems(plan.removals)
    const kept = new Set(refused.flatMap(({ blobs }) => blobs.map(({ digest }) => digest)))
    makeDirectoryIn(this.#directory, 'trash')
    const aside = plan.blobs.filter(({ digest }) => !kept.has(digest) && moveToTrash(this.#directory, digest))
    const blobs = await this.#takeBackUsed(aside, seen)
    for (const { digest } of blobs) deleteFromTrash(this.#directory, digest)
    return outcomeOf({ ...plan, removals, inUse: [...plan.inUse, ...refused], blobs }, leftovers)
  }

  /** The time by the clock of the filesystem; one that cannot be asked is full or read-only. */
  #now(): number {
    try {
      return filesystemTime(this.#directory)
    } catch {
      return Date.now()
    }
  }

  async #plan(now: number, pins: LivePins): Promise<PrunePlan> {
    const { graceMs, policyAt } = this.#options
    const inventory = await takeInventory(this.#directory)
    return planPrune(policyAt(new Date(now)), { inventory, isPinned: (name) => pins.has(name), now, graceMs })
  }

  async #removeItems(planned: readonly PlannedRemoval[]): Promise<RemovedItems> {
    const removals: PlannedRemoval[] = []
    const refused: CacheItem[] = []
    for (const removal of planned) {
      this.#options.signal?.throwIfAborted()
      if (await this.#remove(removal.item)) removals.push(removal)
      else refused.push(removal.item)
    }
    return { removals, refused }
  }

  /** One item that cannot be removed keeps no other from going. */
  async #remove(item: CacheItem): Promise<boolean> {
    try {
      return await item.remove()
    } catch (error) {
      this.#options.log.warn(`${item.title} stays in the cache directory ${this.#directory}: ${reasonOf(error)}`)
      return false
    }
  }

  /** Takes back what somebody has begun to use, and gives the rest. */
  async #takeBackUsed(aside: readonly StoredBlob[], seen: ReadonlyMap<string, string>): Promise<readonly StoredBlob[]> {
    if (aside.length === 0) return aside
    // In this order: who has let go of a blob by now has written what keeps it.
    const pins = readLivePins(this.#directory, this.#now())
    const mentioned = await newMentions(this.#directory, seen)
    const isUsed = (digest: Digest): boolean => pins.has(digest) || mentioned.has(digest)
    for (const { digest } of aside) if (isUsed(digest)) takeFromTrash(this.#directory, digest)
    return aside.filter(({ digest }) => !isUsed(digest))
  }
}

interface RemovedItems {
  readonly removals: readonly PlannedRemoval[]
  /** Those that somebody uses. */
  readonly refused: readonly CacheItem[]
}

/** `plan` with what became of it. */
function outcomeOf(plan: PrunePlan, leftovers: readonly Leftover[]): PruneOutcome {
  const { removals, inUse, blobs } = plan
  const gone = bytesOf([...removals.map(({ item }) => item), ...blobs])
  return { removals, inUse, blobs, leftovers, freed: gone + bytesOf(leftovers), left: plan.bytes + plan.left - gone }
}

function bytesOf(things: readonly { readonly size: number }[]): number {
  return things.reduce((sum, { size }) => sum + size, 0)
}

/** One prune at a time. A full disk takes no lock file, and is to be pruned all the same. */
async function lockPrunes(directory: string, options: PruneOptions): Promise<Pick<FileLock, 'release'> | undefined> {
  const { patienceMs, log, signal } = options
  const abort = signal === undefined ? {} : { signal }
  const path = join(directory, 'trash', 'prune.lock')
  try {
    makeDirectoryIn(directory, 'trash')
    const free = await holdFileLock(path, { patienceMs: 0, ...abort })
    if (free !== undefined || patienceMs === 0) return free
    log.info(`Waiting for another prune of ${directory}`)
    return await holdFileLock(path, { patienceMs, ...abort })
  } catch (error) {
    if (asHearthError(error).code !== 'disk-full') throw error
    return { release: async () => {} }
  }
}
