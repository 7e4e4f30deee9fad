import { lstatSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isTemporaryName } from '../src/content/temporary.ts'
import { systemCode } from '../src/errors.ts'
import { namesIn } from './documents.ts'
import { oldIndexFiles } from './index-database.ts'

/** A file that nobody needs any more. */
export interface Leftover {
  readonly path: string
  /** In bytes. */
  readonly size: number
}

/** How long a file must have stood unchanged until it counts as left behind, in ms. Writers and lock holders touch theirs. */
const maxAgeMs = { file: 3600_000, index: 24 * 3600_000 }

/** Whose temporary files are about to become something of ours. */
const foldersOfTemporaries = ['.', 'tmp', 'entries', 'refs', 'pins', 'locks', 'flights', 'trash']

/** Locks of downloads and of steps in flight. */
const foldersOfLocks = ['locks', 'flights']

/**
 * What processes have left behind in a cache directory that were killed: unfinished files, locks, index files of earlier
 * generations, dead leases. `now` is the time by the filesystem's clock.
 */
export function findLeftovers(directory: string, now: number, deadLeases: readonly string[]): readonly Leftover[] {
  const temporaries = foldersOfTemporaries.flatMap((folder) => {
    const names = namesIn(join(directory, folder)).filter(isTemporaryName)
    return names.map((name) => join(directory, folder, name))
  })
  const locks = foldersOfLocks.flatMap((folder) => {
    const names = namesIn(join(directory, folder)).filter((name) => !isTemporaryName(name))
    return names.map((name) => join(directory, folder, name))
  })
  return [
    ...deadLeases.flatMap((path) => unchangedFor(path, Number.NEGATIVE_INFINITY)),
    ...[...temporaries, ...locks].flatMap((path) => unchangedFor(path, maxAgeMs.file)),
    ...oldIndexFiles(directory).flatMap((path) => unchangedFor(path, maxAgeMs.index)),
  ]

  function unchangedFor(path: string, ageMs: number): readonly Leftover[] {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat?.isFile() === true && now - stat.mtimeMs > ageMs ? [{ path, size: stat.size }] : []
  }
}

/** Removes a file that is in nobody's way if it stays; false when it did. */
export function removeLeftover({ path }: Leftover): boolean {
  try {
    unlinkSync(path)
    return true
  } catch (error) {
    return systemCode(error) === 'ENOENT'
  }
}
