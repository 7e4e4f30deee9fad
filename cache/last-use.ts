import { lstatSync, utimesSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeFileAtomically } from '../src/content/atomic-file.ts'
import { filesystemTime } from '../src/content/temporary.ts'
import { systemCode } from '../src/errors.ts'
import { maxEntrySize, readSmallFile } from './entry-file.ts'

/** Uses closer together than this are one, in ms. */
const grainMs = 60_000

/**
 * Notes that what these small files of one directory stand for is being used: their times are those of the last use, by
 * the filesystem's own clock, wherever there is no SQLite. Failure costs a file some of its life, and nothing else.
 */
export async function noteUse(paths: readonly string[]): Promise<void> {
  const [first] = paths
  if (first === undefined) return
  try {
    const now = filesystemTime(dirname(first))
    for (const path of paths) await touch(path, now)
  } catch {
    return
  }
}

async function touch(path: string, now: number): Promise<void> {
  const used = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs
  if (used === undefined || Math.abs(now - used) < grainMs) return
  const time = new Date(now)
  try {
    utimesSync(path, time, time)
  } catch (error) {
    if (systemCode(error) !== 'EPERM') return
    // Only its owner may set a file's time; whoever may write in the directory can replace it by itself.
    const bytes = await readSmallFile(path, maxEntrySize)
    if (bytes !== undefined) await writeFileAtomically(path, bytes)
  }
}
