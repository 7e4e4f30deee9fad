import { type Stats, statSync } from 'node:fs'
import { recordOf } from '../rootfs/record.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import { rawPath } from '../tar/raw-path.ts'
import { type CommandMount, isNested, parentsFirst } from './command-mount.ts'
import type { MountPoint } from './mount-points.ts'

/** A mount with all that has to be known to make it from within the root. */
export type OrderedMount = CommandMount & {
  readonly place: MountPoint['type']
  /** What the root has there already, for what takes its place. */
  readonly covered: { readonly mode: number; readonly uid: number; readonly gid: number } | undefined
}

/** The mounts in the order in which they are made. */
export function orderMounts(root: string, mounts: readonly CommandMount[]): readonly OrderedMount[] {
  return parentsFirst(mounts).map((mount) => {
    const place = 'source' in mount && kindOf(statSync(mount.source)) === 'file' ? 'file' : placeOf(mount)
    return { ...mount, place, covered: isNested(mount, mounts) ? undefined : ownerAt(root, mount.target) }
  })
}

/** Those of their places that have to be in the root itself. */
export function placesInRoot(mounts: readonly OrderedMount[]): readonly MountPoint[] {
  const others = [...mounts.map(({ target }) => target), '/dev']
  const nested = (path: string): boolean => others.some((other) => path.startsWith(`${other}/`))
  return mounts.flatMap(({ target, place }) => (nested(target) ? [] : [{ path: target, type: place }]))
}

function placeOf({ kind }: CommandMount): MountPoint['type'] {
  return kind === 'secret' || kind === 'socket' ? 'file' : 'directory'
}

function kindOf(stat: Stats): MountPoint['type'] {
  return stat.isDirectory() ? 'directory' : 'file'
}

function ownerAt(root: string, target: string): OrderedMount['covered'] {
  const found = recordOf(root, resolveInRoot(root, rawPath(target), { followLast: true }))
  return found && { mode: found.mode, uid: found.uid, gid: found.gid }
}
