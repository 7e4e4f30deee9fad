import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { diskError } from '../content/disk-error.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { removeTree } from '../rootfs/remove.ts'

export interface WorkDirectoryOptions {
  /** Made when it is missing; stays. */
  readonly parent: string
  readonly log: Log
}

/** Runs a task with a new directory of its own, which is gone when the task has ended, however it ended. */
export async function withWorkDirectory<T>(
  { parent, log }: WorkDirectoryOptions,
  task: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = make(parent)
  try {
    return await task(directory)
  } finally {
    try {
      await removeTree(directory)
    } catch (error) {
      log.warn(`The work directory ${directory} is left behind: ${messageOf(error)}`)
    }
  }
}

function make(parent: string): string {
  try {
    mkdirSync(parent, { recursive: true })
    return mkdtempSync(join(parent, 'hearth-'))
  } catch (error) {
    throw diskError(error, parent)
  }
}
