import type { Fragment } from '../tar/sparse.ts'
import type { Described } from './file-tree.ts'
import { BadTable, type TableReader, type TableWriter } from './table-bytes.ts'

/** What a record of a file table tells of; a number of the format. */
export const recordKind = {
  /** What follows is beside the directory, no more in it. */
  up: 0,
  directory: 1,
  /** A file whose content lies in a layer. */
  file: 2,
  /** A file whose content stands in the table. */
  keptFile: 3,
  symlink: 4,
  character: 5,
  block: 6,
  fifo: 7,
  /** One more name of a file before. */
  link: 8,
} as const

/** What else a record has, added to its kind. */
export const recordFlag = { xattrs: 0x10, sparse: 0x20, linked: 0x40 } as const

export const kindMask = 0x0f

const billion = 1_000_000_000n

export function writeDescribed(to: TableWriter, { mode, uid, gid, mtimeNs, xattrs }: Described): void {
  to.number(mode)
  to.number(uid)
  to.number(gid)
  const below = ((mtimeNs % billion) + billion) % billion
  const seconds = Number((mtimeNs - below) / billion)
  // The sign comes last, so that small numbers stay short.
  to.number(seconds < 0 ? -2 * seconds - 1 : 2 * seconds)
  to.number(Number(below))
  if (xattrs.size === 0) return
  to.number(xattrs.size)
  for (const [name, value] of xattrs) {
    to.text(name)
    to.bytes(value)
  }
}

export function readDescribed(from: TableReader, hasXattrs: boolean): Described {
  const [mode, uid, gid] = [from.number(), from.number(), from.number()]
  if (mode > 0o7777 || uid > 0xffff_ffff || gid > 0xffff_ffff) throw new BadTable('an owner or mode is too large')
  const signed = from.number()
  const seconds = signed % 2 === 0 ? signed / 2 : -(signed + 1) / 2
  const below = from.number()
  if (below >= Number(billion)) throw new BadTable('a time in it is not valid')
  const mtimeNs = BigInt(seconds) * billion + BigInt(below)
  return { mode, uid, gid, mtimeNs, xattrs: hasXattrs ? readXattrs(from) : none }
}

const none: ReadonlyMap<string, Uint8Array> = new Map()

function readXattrs(from: TableReader): ReadonlyMap<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>()
  // Of its own memory: the record's goes when all of its frame has been read.
  for (let left = from.number(); left > 0; left -= 1) xattrs.set(from.text(), Uint8Array.from(from.bytes()))
  return xattrs
}

export function writeMap(to: TableWriter, map: readonly Fragment[]): void {
  to.number(map.length)
  for (const { offset, length } of map) {
    to.number(offset)
    to.number(length)
  }
}

export function readMap(from: TableReader): readonly Fragment[] {
  const map: Fragment[] = []
  for (let left = from.number(); left > 0; left -= 1) map.push({ offset: from.number(), length: from.number() })
  return map
}
