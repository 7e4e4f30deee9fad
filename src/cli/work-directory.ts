import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diskError } from '../content/disk-error.ts'
import { ownerIsDead, processIdentity } from '../content/process-identity.ts'
import { messageOf, systemCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { removeTree } from '../rootfs/remove.ts'

export interface WorkDirectoryOptions {
  /** Made when it is missing; stays. */
  readonly parent: string
  readonly log: Log
}

const prefix = 'hearth-'
const ownerFile = 'owner'

/**
 * Runs a task with a new directory of its own, which is gone when the task has ended, however it ended. Directories that
 * were left by processes killed outright go, too.
 */
export async function withWorkDirectory<T>(
  { parent, log }: WorkDirectoryOptions,
  task: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = make(parent)
  try {
    for (const abandoned of abandonedIn(parent)) await remove(abandoned, log)
    return await task(directory)
  } finally {
    await remove(directory, log)
  }
}

function make(parent: string): string {
  try {
    mkdirSync(parent, { recursive: true })
    const directory = mkdtempSync(join(parent, prefix))
    writeFileSync(join(directory, ownerFile), `${processIdentity()}\n`)
    return directory
  } catch (error) {
    throw diskError(error, parent)
  }
}

function abandonedIn(parent: string): readonly string[] {
  const candidates = readdirSync(parent).filter((name) => name.startsWith(prefix))
  return candidates.map((name) => join(parent, name)).filter((directory) => ownerIsDead(ownerOf(directory)))
}

/** What does not say whose it is belongs to somebody else. */
function ownerOf(directory: string): string {
  try {
    return readFileSync(join(directory, ownerFile), 'latin1').trim()
  } catch {
    return ''
  }
}

async function remove(directory: string, log: Log): Promise<void> {
  try {
    await removeTree(directory)
  } catch (error) {
    // Another build removes what was abandoned as well.
    if (systemCode(error) === 'ENOENT') return
    log.warn(`The work directory ${directory} is left behind: ${messageOf(error)}`)
  }
}
