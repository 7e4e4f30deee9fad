import { closeSync, lstatSync, openSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { readableMode } from '../src/content/atomic-file.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { filesystemTime, temporaryName } from '../src/content/temporary.ts'
import type { Log } from '../src/log.ts'
import { documentsIn } from './documents.ts'
import { otherItems } from './inventory.ts'
import { lastMountUse } from './mount-items.ts'
import { type PruneOutcome, pruneCache } from './prune.ts'
import type { PrunePolicy } from './prune-plan.ts'
import { storedBlobs } from './stored-blobs.ts'
import { reasonOf } from './trouble.ts'

/** What a cache directory is kept within, whenever a build or a warmer has ended. */
export interface CacheLimits {
  /** In bytes; undefined for as much as there is room. */
  readonly maxSize: number | undefined
  /** What cache mounts may have of it, in bytes. */
  readonly maxMountSize?: number | undefined
  /** How long layers count after they were made, in ms. */
  readonly ttlMs: number
}

const hourMs = 3600_000

/** A build with a short time to live does not clear away what others use. */
const shortestTtlMs = 24 * hourMs

/** How often a directory is looked at in which no blob has come or gone. */
const lookEveryMs = hourMs

/** A directory that is too large is brought to this part of what it may have, so that not every build has to prune. */
const target = 0.9

/** How long blobs stay that no entry speaks of, in ms. */
export const graceMs = hourMs

export interface LimitOptions {
  readonly log: Log
  /** An interrupted build leaves everything to the next one. */
  readonly signal: AbortSignal
}

/**
 * Keeps a cache directory within its limits: layers nobody has used for the time to live go, as no build of that time to
 * live can hit them any more; cache mounts beyond their size; then whatever was used longest ago, until the size fits. Costs
 * few looks at file times where no blob has come or gone since the last time, and no limited cache mount was used. Failure is a warning.
 */
export async function keepWithin(directory: string, limits: CacheLimits, options: LimitOptions): Promise<void> {
  const { log, signal } = options
  try {
    if (signal.aborted || !isDue(directory, limits)) return
    noteLook(directory)
    const policyAt = await whatIsBeyond(directory, limits)
    if (policyAt === undefined) return
    const outcome = await pruneCache(directory, { policyAt, graceMs, dryRun: false, patienceMs: 0, log, signal })
    if (outcome !== undefined) log.info(`The cache directory ${directory} was pruned: ${describeOutcome(outcome)}`)
  } catch (error) {
    if (!signal.aborted)
      log.warn(`The cache directory ${directory} cannot be pruned: ${reasonOf(error).replaceAll('\n', ' ')}`)
  }
}

/** "3 items and 2 blobs, 10.4 MB freed, 88.0 MB left" */
function describeOutcome({ removals, blobs, freed, left }: PruneOutcome): string {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
  const items = `${removals.length} ${removals.length === 1 ? 'item' : 'items'}`
  const all = `${items} and ${blobs.length} ${blobs.length === 1 ? 'blob' : 'blobs'}`
  return `${all}, ${megabytes(freed)} freed, ${megabytes(left)} left`
}

/** What a prune is to take; undefined when nothing is. Found out without reading any file. */
async function whatIsBeyond(
  directory: string,
  { maxSize, maxMountSize, ttlMs }: CacheLimits,
): Promise<((now: Date) => PrunePolicy) | undefined> {
  const unusedSince = (now: number): number => Math.max(0, now - Math.max(ttlMs, shortestTtlMs))
  const since = unusedSince(filesystemTime(directory))
  const isExpired = documentsIn(directory, 'entries').some(({ stat }) => stat.mtimeMs < since)
  const others = maxSize === undefined && maxMountSize === undefined ? [] : await otherItems(directory)
  const isTooLarge = maxSize !== undefined && bytesOf([...storedBlobs(directory).values(), ...others]) > maxSize
  const mounts = others.filter(({ kind }) => kind === 'mount')
  const areMountsTooLarge = maxMountSize !== undefined && bytesOf(mounts) > maxMountSize
  if (!isExpired && !isTooLarge && !areMountsTooLarge) return undefined
  return (now) => ({
    layersUnusedSince: new Date(unusedSince(now.getTime())),
    maxMountSize,
    maxSize: isTooLarge ? Math.floor(maxSize * target) : undefined,
  })
}

function bytesOf(things: readonly { readonly size: number }[]): number {
  return things.reduce((sum, { size }) => sum + size, 0)
}

function isDue(directory: string, { maxMountSize }: CacheLimits): boolean {
  const looked = timeOf(markOf(directory))
  if (looked === undefined) return true
  const changed = timeOf(join(directory, 'blobs', 'sha256'))
  if ((changed !== undefined && changed >= looked) || Date.now() - looked > lookEveryMs) return true
  return maxMountSize !== undefined && lastMountUse(directory) >= looked
}

/** By a new file in the place of the old one: whose that is does not matter, and its time is the filesystem's. */
function noteLook(directory: string): void {
  makeDirectoryIn(directory, 'trash')
  const temporary = join(directory, 'trash', temporaryName())
  closeSync(openSync(temporary, 'wx', readableMode))
  renameSync(temporary, markOf(directory))
}

function markOf(directory: string): string {
  return join(directory, 'trash', 'looked')
}

function timeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs
}
