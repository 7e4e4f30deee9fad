import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { HearthError, systemCode } from '../errors.ts'
import { recordOf } from '../rootfs/record.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import { setTimesOf } from '../sys/times.ts'
import { baseName, onDisk, parentOf, type RawPath, rawPath, showPath } from '../tar/raw-path.ts'

export interface MountPoint {
  /** Absolute, inside the root. */
  readonly path: string
  readonly type: 'directory' | 'file'
}

/** Something that was made in a root only to be mounted over. */
interface Placeholder {
  /** Descriptor of the directory it lies in; that may be renamed meanwhile. */
  readonly parent: number
  readonly name: RawPath
  readonly type: MountPoint['type']
  readonly ino: bigint
}

/**
 * Makes the mount points that a root lacks, following its symlinks inside it; leaves the times of directories as they
 * are. Gives what takes them away again, just as quietly; a directory that has been filled meanwhile stays.
 */
export function provideMountPoints(root: string, points: readonly MountPoint[]): () => void {
  const made: Placeholder[] = []
  const remove = (): void => {
    for (const placeholder of made.splice(0).reverse()) removePlaceholder(placeholder)
  }
  try {
    for (const point of points) {
      for (const [path, type] of missingParts(root, point)) made.push(makePlaceholder(root, path, type))
    }
    return remove
  } catch (error) {
    remove()
    throw error
  }
}

/** What has to be made for a mount point, parents first. */
function missingParts(root: string, point: MountPoint): readonly (readonly [RawPath, MountPoint['type']])[] {
  const target = resolveInRoot(root, rawPath(point.path), { followLast: true })
  const missing: (readonly [RawPath, MountPoint['type']])[] = []
  let type = point.type
  for (let path = target; ; path = parentOf(path)) {
    const existing = recordOf(root, path)?.type
    if (existing !== undefined && (existing === 'directory') !== (type === 'directory')) throw inTheWay(point, path)
    if (existing !== undefined) return missing
    missing.unshift([path, type])
    type = 'directory'
  }
}

function makePlaceholder(root: string, path: RawPath, type: MountPoint['type']): Placeholder {
  const directory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  const parent = openSync(onDisk(root, parentOf(path)), directory)
  try {
    const name = baseName(path)
    const at = entryOf(parent, name)
    quietly(parent, () => {
      if (type === 'directory') mkdirSync(at, { mode: 0o755 })
      else writeFileSync(at, '', { flag: 'wx', mode: 0o644 })
    })
    return { parent, name, type, ino: lstatSync(at, { bigint: true }).ino }
  } catch (error) {
    closeSync(parent)
    throw error
  }
}

function removePlaceholder({ parent, name, type, ino }: Placeholder): void {
  try {
    const at = entryOf(parent, name)
    if (lstatSync(at, { bigint: true, throwIfNoEntry: false })?.ino !== ino) return
    quietly(parent, () => (type === 'directory' ? removeIfEmpty(at) : unlinkSync(at)))
  } finally {
    closeSync(parent)
  }
}

function removeIfEmpty(at: Buffer): void {
  try {
    rmdirSync(at)
  } catch (error) {
    if (systemCode(error) !== 'ENOTEMPTY') throw error
  }
}

/** Changes an open directory's entries and leaves its modification time as it was. */
export function quietly(directory: number, change: () => void): void {
  const { mtimeNs } = fstatSync(directory, { bigint: true })
  change()
  setTimesOf(directory, mtimeNs)
}

function entryOf(directory: number, name: RawPath): Buffer {
  return onDisk(`/proc/self/fd/${directory}`, name)
}

function inTheWay(point: MountPoint, path: RawPath): HearthError {
  return new HearthError({
    code: 'run-unavailable',
    message: `${point.path} cannot be provided to the command`,
    why: `the image has something else than a ${point.path === showPath(path) ? point.type : 'directory'} at ${showPath(path)}`,
    fix: 'Remove it in the image the stage starts from.',
  })
}
