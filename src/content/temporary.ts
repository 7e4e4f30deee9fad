import { randomBytes } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

const pattern = /^\.[0-9a-f]{24}\.tmp$/

/** How long a file of a writer that was killed may stay: longer than any writer lives. */
const maxAgeMs = 24 * 3600_000

/** A file name nobody else uses, which readers of the directory skip. */
export function temporaryName(): string {
  return `.${randomBytes(12).toString('hex')}.tmp`
}

export function isTemporaryName(name: string): boolean {
  return pattern.test(name)
}

/**
 * Removes the temporary files that killed writers left in a directory more than a day ago. Only our own names, and only
 * by the clock of that filesystem. Failure leaves them for the next time.
 */
export function reapTemporaries(directory: string): void {
  try {
    const found = readdirSync(directory).filter(isTemporaryName)
    if (found.length === 0) return
    const now = filesystemTime(directory)
    for (const name of found) {
      const path = join(directory, name)
      const stat = lstatSync(path)
      if (stat.isFile() && now - stat.mtimeMs > maxAgeMs) unlinkSync(path)
    }
  } catch {
    return
  }
}

/** What time the filesystem's own clock says, in ms: the time of a file written just now. */
export function filesystemTime(directory: string): number {
  const path = join(directory, temporaryName())
  closeSync(openSync(path, 'wx', 0o600))
  try {
    return lstatSync(path).mtimeMs
  } finally {
    unlinkSync(path)
  }
}
