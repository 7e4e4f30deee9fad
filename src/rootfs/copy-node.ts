import { closeSync, constants, copyFileSync, linkSync, readlinkSync, symlinkSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { HearthError } from '../errors.ts'
import { makeNode } from '../sys/node.ts'
import { onDisk, type RawPath, showPath } from '../tar/raw-path.ts'
import { openSourceFile } from './open-source.ts'
import type { FileRecord } from './record.ts'

/** Files above this are copied on another thread, so that the rest of the build goes on. */
const largeFile = 1 << 20

export interface NodeCopy {
  /** Host directory the record belongs to. */
  readonly from: string
  readonly record: FileRecord
  readonly root: string
  /** Where nothing exists yet, in a directory that does. */
  readonly at: RawPath
  /** Copies made so far of files with several names, by device and inode. */
  readonly links: Map<string, RawPath>
}

/**
 * Makes the copy of anything but a directory, without owner, mode, times and attributes. True when it became one more
 * name of a file that has them already.
 */
export async function copyNode(copy: NodeCopy): Promise<boolean> {
  const { record, root, at } = copy
  switch (record.type) {
    case 'file':
      return copyRegular(copy)
    case 'symlink':
      symlinkSync(readlinkSync(onDisk(copy.from, record.path), { encoding: 'buffer' }), onDisk(root, at))
      return false
    case 'character':
    case 'block':
    case 'fifo':
      makeNode(onDisk(root, at), { type: record.type, mode: record.mode, ...deviceOf(record.rdev) })
      return false
    case 'directory':
    case 'socket':
      throw new HearthError({ code: 'internal', message: `${showPath(record.path)} cannot be copied as a file` })
  }
}

async function copyRegular({ from, record, root, at, links }: NodeCopy): Promise<boolean> {
  const identity = `${record.dev}:${record.ino}`
  const first = record.nlink > 1 ? links.get(identity) : undefined
  if (first !== undefined) {
    linkSync(onDisk(root, first), onDisk(root, at))
    return true
  }
  const descriptor = openSourceFile(from, record)
  try {
    const source = `/proc/self/fd/${descriptor}`
    const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE
    if (record.size > largeFile) await copyFile(source, onDisk(root, at), flags)
    else copyFileSync(source, onDisk(root, at), flags)
  } finally {
    closeSync(descriptor)
  }
  links.set(identity, at)
  return false
}

/** Linux spreads major and minor number over the 64 bits of a device number. */
export function deviceOf(rdev: bigint): { readonly major: number; readonly minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)
  return { major: Number(major), minor: Number(minor) }
}
