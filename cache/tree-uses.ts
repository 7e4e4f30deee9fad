import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type FileLock, holdFileLock } from '../src/content/file-lock.ts'
import { ownerIsDead } from '../src/content/process-identity.ts'
import { filesystemTime } from '../src/content/temporary.ts'

const pattern = /^use-[0-9a-f]{16}\.lock$/

/** A living user touches its file every few seconds. */
const silenceMs = 300_000

/** Says in a place that what is kept there is being used, until it is released. To be called before looking what is there. */
export async function holdUse(place: string): Promise<FileLock> {
  const lock = await holdFileLock(join(place, `use-${randomBytes(8).toString('hex')}.lock`), { patienceMs: 0 })
  if (lock === undefined) throw new TypeError('a new name was taken')
  return lock
}

/** How many living users what is kept in a place has. Whoever may be alive is. */
export function usersOf(place: string): number {
  const uses = readdirSync(place).filter((name) => pattern.test(name))
  if (uses.length === 0) return 0
  const now = filesystemTime(place)
  return uses.filter((name) => isLiving(join(place, name), now)).length
}

/** Removes what users that were killed have left. */
export function removeDeadUses(place: string): void {
  const uses = readdirSync(place).filter((name) => pattern.test(name))
  if (uses.length === 0) return
  const now = filesystemTime(place)
  for (const name of uses) if (!isLiving(join(place, name), now)) rmSync(join(place, name), { force: true })
}

function isLiving(path: string, now: number): boolean {
  try {
    if (now - lstatSync(path).mtimeMs > silenceMs) return false
    return !ownerIsDead(readFileSync(path, 'latin1'))
  } catch {
    // It was released meanwhile.
    return false
  }
}
