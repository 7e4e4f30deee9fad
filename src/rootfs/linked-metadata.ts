import { chmodSync, chownSync, closeSync, constants, fstatSync, lchownSync, lstatSync, openSync } from 'node:fs'
import { pointerOnly } from '../sys/pointer-flag.ts'
import { setTimes } from '../sys/times.ts'
import { checkMode, type Metadata, setXattrs } from './metadata.ts'

/**
 * Gives a file that has just got one more name what the archive says of that name. Only differences are applied: a
 * change of owner, even to the same one, would take file capabilities away. A symlink is not followed.
 */
export function applyToLink(host: Buffer, wanted: Omit<Metadata, 'type'>): readonly string[] {
  const before = lstatSync(host)
  const ownerDiffers = before.uid !== wanted.uid || before.gid !== wanted.gid
  if (before.isSymbolicLink()) {
    if (ownerDiffers) lchownSync(host, wanted.uid, wanted.gid)
    setTimes(host, wanted.mtimeNs)
    return []
  }
  const descriptor = openSync(host, pointerOnly | constants.O_NOFOLLOW)
  try {
    const pinned = `/proc/self/fd/${descriptor}`
    if (ownerDiffers) chownSync(pinned, wanted.uid, wanted.gid)
    const unsupported = setXattrs(host, wanted)
    if ((fstatSync(descriptor).mode & 0o7777) !== wanted.mode) chmodSync(pinned, wanted.mode)
    checkMode(descriptor, wanted)
    setTimes(host, wanted.mtimeNs)
    return unsupported
  } finally {
    closeSync(descriptor)
  }
}
