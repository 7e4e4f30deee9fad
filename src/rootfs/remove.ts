import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { HearthError } from '../errors.ts'
import { mountsWithin } from './mounts.ts'
import { removal } from './removal.ts'
import { inTurns } from './turns.ts'

/**
 * Removes a file or a directory with all that is in it, if it is there. Symlinks are removed, never followed. What is
 * mounted stays: when something is mounted at or below the path, nothing at all is removed and a HearthError says so.
 */
export async function removeTree(path: string): Promise<void> {
  const absolute = resolve('/', path)
  if (absolute === '/') throw new TypeError('the root of the machine is not removed')
  if (lstatSync(absolute, { throwIfNoEntry: false }) === undefined) return
  const real = resolve(realpathSync.native(dirname(absolute)), basename(absolute))
  const [mounted] = mountsWithin(Buffer.from(real, 'utf8').toString('latin1'))
  if (mounted !== undefined) throw busy(path, Buffer.from(mounted, 'latin1').toString('utf8'))
  await inTurns(removal(Buffer.from(real, 'utf8')))
}

function busy(path: string, mounted: string): HearthError {
  return new HearthError({
    code: 'permission',
    message: `${path} cannot be removed: it is in use`,
    why: `something is mounted at ${mounted} (EBUSY)`,
    fix: `Unmount it first: umount ${mounted}`,
  })
}
