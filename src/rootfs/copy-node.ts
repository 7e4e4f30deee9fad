import { closeSync, constants, copyFileSync, createWriteStream, linkSync, symlinkSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HearthError } from '../errors.ts'
import { makeNode } from '../sys/node.ts'
import { onDisk, type RawPath, showPath } from '../tar/raw-path.ts'
import { copyToTree } from './copy-to-tree.ts'
import type { FileTree } from './file-tree.ts'
import { openSourceFile } from './open-source.ts'
import { readLink } from './read-link.ts'
import { type FileRecord, inodeOf } from './record.ts'
import type { Root } from './root.ts'

/** Files above this are copied on another thread, so that the rest of the build goes on. */
const largeFile = 1 << 20

export interface NodeCopy {
  /** The root the record belongs to. */
  readonly from: Root
  readonly record: FileRecord
  readonly root: Root
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
  const { root } = copy
  return typeof root === 'string' ? copyToDisk({ ...copy, root }) : copyToTree({ ...copy, root })
}

type DiskCopy = NodeCopy & { readonly root: string }

async function copyToDisk(copy: DiskCopy): Promise<boolean> {
  const { record, root, at } = copy
  switch (record.type) {
    case 'file':
      return copyRegular(copy)
    case 'symlink':
      symlinkSync(readLink(copy.from, record.path), onDisk(root, at))
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

async function copyRegular({ from, record, root, at, links }: DiskCopy): Promise<boolean> {
  const identity = inodeOf(record)
  const first = record.nlink > 1 ? links.get(identity) : undefined
  if (first !== undefined) {
    linkSync(onDisk(root, first), onDisk(root, at))
    return true
  }
  if (typeof from === 'string') await copyOnDisk(openSourceFile(from, record), record, onDisk(root, at))
  else await copyFromTree(from, record, onDisk(root, at))
  links.set(identity, at)
  return false
}

async function copyOnDisk(descriptor: number, record: FileRecord, to: Buffer): Promise<void> {
  try {
    const source = `/proc/self/fd/${descriptor}`
    const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE
    if (record.size > largeFile) await copyFile(source, to, flags)
    else copyFileSync(source, to, flags)
  } finally {
    closeSync(descriptor)
  }
}

async function copyFromTree(from: FileTree, { ino }: FileRecord, to: Buffer): Promise<void> {
  const content = Readable.from(from.nodes.content(Number(ino)), { objectMode: false })
  await pipeline(content, createWriteStream(to, { flags: 'wx', mode: 0o600 }))
}

/** The number of a device that `deviceOf` takes apart. */
export function deviceNumber({ major, minor }: { readonly major: number; readonly minor: number }): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)]
  return ((high & ~0xfffn) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
}

/** Linux spreads major and minor number over the 64 bits of a device number. */
export function deviceOf(rdev: bigint): { readonly major: number; readonly minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)
  return { major: Number(major), minor: Number(minor) }
}
