import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { filesystemTime, isTemporaryName } from '../src/content/temporary.ts'
import { removeTree } from '../src/rootfs/remove.ts'

const lease = /^0-[0-9a-f]{16}\.lock$/

/** In ms. A living user touches its lease every few seconds; no directory takes a day to be filled. */
export const maxAgeMs = { lease: 600_000, directory: 24 * 3600_000 }

/**
 * Removes what killed builds have left in the place of a cache mount: leases that keep nobody out, and directories that
 * were never finished. Only our own names, and only by the clock of that filesystem. Failure leaves them for the next time.
 */
export async function removeLeftovers(place: string): Promise<void> {
  try {
    const found = readdirSync(place).filter((name) => lease.test(name) || isTemporaryName(name))
    if (found.length === 0) return
    const now = filesystemTime(place)
    for (const name of found) {
      const path = join(place, name)
      const stat = lstatSync(path)
      const age = now - stat.mtimeMs
      if (lease.test(name) && age > maxAgeMs.lease) unlinkSync(path)
      else if (stat.isDirectory() && age > maxAgeMs.directory) await removeTree(path)
    }
  } catch {
    return
  }
}
