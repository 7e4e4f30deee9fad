import { chmodSync, chownSync, fstatSync } from 'node:fs'
import { dropOtherXattrs } from './metadata.ts'

/** Gives an open directory what a new one has: owner 0:0, mode 0755, none of the attributes that an image can ask for. */
export function makePlain(descriptor: number): void {
  const host = Buffer.from(`/proc/self/fd/${descriptor}/.`)
  const { uid, gid, mode } = fstatSync(descriptor)
  if (uid !== 0 || gid !== 0) chownSync(host, 0, 0)
  dropOtherXattrs(host, { xattrs: new Map() })
  if ((mode & 0o7777) !== 0o755) chmodSync(host, 0o755)
}
