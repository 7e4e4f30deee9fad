import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, realpathSync, renameSync, rmdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { diskError } from '../src/content/disk-error.ts'
import { holdFileLock } from '../src/content/file-lock.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { filesystemTime } from '../src/content/temporary.ts'
import { systemCode } from '../src/errors.ts'
import { mountsWithin } from '../src/rootfs/mounts.ts'
import { removeTree } from '../src/rootfs/remove.ts'
import { aboutName } from './mount-about.ts'
import { maxAgeMs, removeLeftovers } from './mount-leftovers.ts'

const removalName = 'removal.lock'
const slotLock = /^\d+(?:-[0-9a-f]{16})?\.lock$/

/** How long it takes to see that a lock stands still whose owner cannot be asked, in ms. */
const stillMs = 20_000

/**
 * Waits until nobody removes the cache mount in a place. To be called by who has a lock there, and before looking what is
 * there: whoever removes it looks for locks after saying so, so one of both sees the other.
 */
export async function awaitRemoval(place: string, signal: AbortSignal | undefined): Promise<void> {
  const path = join(place, removalName)
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return
  const abort = signal === undefined ? {} : { signal }
  const lock = await holdFileLock(path, { patienceMs: Number.POSITIVE_INFINITY, ...abort })
  await lock?.release()
}

/**
 * Takes a cache mount away with all its directories; false where a build has one of them, or something is mounted there. Who
 * comes meanwhile begins anew. What cannot be removed is a HearthError.
 */
export async function removeMount(cacheDirectory: string, place: string): Promise<boolean> {
  try {
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return true
    const removal = await holdFileLock(join(place, removalName), { patienceMs: 0 })
    if (removal === undefined) return false
    const trash = join(cacheDirectory, 'trash', `mount-${randomBytes(8).toString('hex')}`)
    try {
      if ((await isUsed(place)) || isMountedIn(place)) return false
      // Another process may have thought that this one was dead.
      if (!removal.isHeld()) return false
      moveAway({ cacheDirectory, place, trash })
    } finally {
      await removal.release()
    }
    leaveEmpty(place)
    await removeTree(trash)
    return true
  } catch (error) {
    throw diskError(error, place)
  }
}

async function isUsed(place: string): Promise<boolean> {
  await removeLeftovers(place)
  for (const name of readdirSync(place)) {
    if (slotLock.test(name) && !(await isDead(place, name))) return true
  }
  return false
}

/** A lock can be had at once when its owner is seen to be dead; one that looks abandoned is worth waiting for. */
async function isDead(place: string, name: string): Promise<boolean> {
  const path = join(place, name)
  const touched = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs
  const isOld = touched !== undefined && filesystemTime(place) - touched > maxAgeMs.lease
  const lock = await holdFileLock(path, { patienceMs: isOld ? stillMs : 0 })
  await lock?.release()
  return lock !== undefined
}

function isMountedIn(place: string): boolean {
  return mountsWithin(Buffer.from(realpathSync.native(place), 'utf8').toString('latin1')).length > 0
}

interface Removal {
  readonly cacheDirectory: string
  readonly place: string
  readonly trash: string
}

/** All but locks, and files that are about to become locks: theirs may have come to wait. */
function moveAway({ cacheDirectory, place, trash }: Removal): void {
  makeDirectoryIn(cacheDirectory, 'trash', basename(trash))
  const entries = readdirSync(place, { withFileTypes: true })
  for (const entry of entries) {
    if (entry.isDirectory() || entry.name === aboutName) renameSync(join(place, entry.name), join(trash, entry.name))
  }
}

/** The place itself stays for those who have come meanwhile. */
function leaveEmpty(place: string): void {
  try {
    rmdirSync(place)
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error
  }
}
