import { closeSync, constants, openSync, readdirSync } from 'node:fs'
import { pointerOnly } from '../sys/pointer-flag.ts'
import { type RawPath, rawPath } from '../tar/raw-path.ts'
import type { IgnoredPaths } from './ignored-paths.ts'
import { mountIdentity } from './mounts.ts'
import { makePlain } from './plain-directory.ts'
import { removal } from './removal.ts'
import { inTurns } from './turns.ts'

/**
 * Removes everything in a root but what is ignored and the directories that lead there. The root and these directories
 * get what new ones have, so that nothing tells the next image of the last one. Symlinks are removed, never followed.
 * Throws HearthError before anything on another mount than the root would be removed, should it not be ignored.
 */
export async function clearRoot(root: string, ignored: IgnoredPaths): Promise<void> {
  if (ignored.covers(rawPath(''))) return
  const descriptor = openSync(root, pointerOnly | constants.O_DIRECTORY)
  try {
    await inTurns(clearing(descriptor, ignored))
    makePlain(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function* clearing(root: number, ignored: IgnoredPaths): Generator<void> {
  const mount = mountIdentity(root)
  for (const name of readdirSync(`/proc/self/fd/${root}`, { encoding: 'latin1' }) as RawPath[]) {
    yield* removal(Buffer.from(`/proc/self/fd/${root}/${name}`, 'latin1'), { ignored, path: name, mount })
  }
}
