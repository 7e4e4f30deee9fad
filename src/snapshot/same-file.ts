import { closeSync, readlinkSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readXattrs } from '../rootfs/metadata.ts'
import { openSourceFile } from '../rootfs/open-source.ts'
import type { FileRecord } from '../rootfs/record.ts'
import { onDisk } from '../tar/raw-path.ts'

/** A file in a root. */
export interface Found {
  readonly root: string
  readonly record: FileRecord
}

const chunkSize = 1 << 20

/** Whether two files have the same type, mode, owner, size, modification time and device numbers. */
export function lookTheSame(a: FileRecord, b: FileRecord): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtimeNs === b.mtimeNs &&
    a.rdev === b.rdev &&
    // A directory's size says how it is stored, not what is in it.
    (a.type === 'directory' || a.size === b.size)
  )
}

/** Whether two files that look the same are the same in content and extended attributes, too. */
export async function areTheSame(a: Found, b: Found): Promise<boolean> {
  if (!sameXattrs(readXattrs(a.root, a.record.path), readXattrs(b.root, b.record.path))) return false
  if (a.record.type === 'symlink') return targetOf(a).equals(targetOf(b))
  return a.record.type === 'file' ? haveSameBytes(a, b) : true
}

export function sameXattrs(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([name, value]) => {
    const other = b.get(name)
    return other !== undefined && Buffer.compare(value, other) === 0
  })
}

function targetOf({ root, record }: Found): Buffer {
  return readlinkSync(onDisk(root, record.path), { encoding: 'buffer' })
}

async function haveSameBytes(a: Found, b: Found): Promise<boolean> {
  const descriptors: number[] = []
  const [left, right] = [Buffer.allocUnsafe(chunkSize), Buffer.allocUnsafe(chunkSize)]
  try {
    for (const { root, record } of [a, b]) descriptors.push(openSourceFile(root, record))
    const [first = -1, second = -1] = descriptors
    for (let at = 0; at < a.record.size; at += chunkSize) {
      const counts = [readSync(first, left, 0, chunkSize, at), readSync(second, right, 0, chunkSize, at)]
      if (counts[0] !== counts[1] || !left.subarray(0, counts[0]).equals(right.subarray(0, counts[1]))) return false
      if (at > 0) await nextTurn()
    }
    return true
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}
