import { type BigIntStats, lstatSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import { onDisk, type RawPath } from '../tar/raw-path.ts'
import type { Root } from './root.ts'

export type FileType = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket'

/** What lstat says about a file. */
export interface FileRecord {
  /** Below the root it was looked up in. */
  readonly path: RawPath
  readonly type: FileType
  /** Permission bits, 07777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly ino: bigint
  readonly dev: bigint
  readonly nlink: number
  readonly rdev: bigint
}

/** The record of a path, whose own last part is not followed; undefined when there is nothing. */
export function recordOf(root: Root, path: RawPath): FileRecord | undefined {
  if (typeof root !== 'string') return root.record(path)
  try {
    const stat = lstatSync(onDisk(root, path), { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? undefined : recordFrom(path, stat)
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** Tells files apart: names of one file have the same one. */
export function inodeOf({ dev, ino }: Pick<FileRecord, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`
}

function recordFrom(path: RawPath, stat: BigIntStats): FileRecord {
  return {
    path,
    type: typeOf(stat),
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: Number(stat.size),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    ino: stat.ino,
    dev: stat.dev,
    nlink: Number(stat.nlink),
    rdev: stat.rdev,
  }
}

function typeOf(stat: BigIntStats): FileType {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isCharacterDevice()) return 'character'
  if (stat.isBlockDevice()) return 'block'
  return stat.isFIFO() ? 'fifo' : 'socket'
}
