import { cleanPath, cleanTarget } from './clean-path.ts'
import type { TarEntry } from './entry.ts'
import { BadHeader, type Header } from './header.ts'
import { type HeaderNumber, readDecimal, readPaxTime } from './numbers.ts'
import { type PaxRecords, xattrPrefix } from './pax.ts'
import type { SparseForm } from './sparse.ts'

/** All that came before an entry to describe it. */
export interface Description {
  readonly header: Header
  readonly records: PaxRecords
  /** Names in the way of GNU tar; they count more than records. */
  readonly longName: string
  readonly longLink: string
}

const noRecords: PaxRecords = new Map()
const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()

export function describe(header: Header): Description {
  return { header, records: noRecords, longName: '', longLink: '' }
}

const linkFlag = '1'
const directoryFlag = '5'

/** The types without content, whatever their header gives as size. */
const withoutContent = new Set([linkFlag, '2', '3', '4', directoryFlag, '6'])

/** The name an entry goes by, before it is checked: for messages, too. */
export function nameOf({ header, records, longName }: Description): string {
  return longName || records.get('path') || header.name
}

/** The type flag; the oldest archives tell directories by a slash at the end of their name. */
export function flagOf(described: Description): string {
  const { flag } = described.header
  if (flag !== '\0') return flag
  return nameOf(described).endsWith('/') ? directoryFlag : '0'
}

/** Bytes of content that follow the header. */
export function contentSize(described: Description): number {
  if (withoutContent.has(flagOf(described))) return 0
  const stated = described.records.get('size')
  return asSize(stated ? decimal(stated, 'size') : described.header.size)
}

export function asSize(size: HeaderNumber): number {
  if (typeof size !== 'number' || size < 0) throw new BadHeader(`its size ${size} is out of range`)
  return size
}

/** The entry that headers and records describe. Throws BadHeader for what no runtime would take. */
export function entryOf(described: Description, size: number, sparse?: SparseForm): TarEntry {
  const name = sparse?.name ?? nameOf(described)
  const common = { path: cleanPath(name), ...ownerOf(described), xattrs: xattrsOf(described.records) }
  const flag = flagOf(described)
  checkName(name, common.path, flag)
  switch (flag) {
    case '0':
      return { ...common, type: 'file', size }
    case linkFlag:
      return { ...common, type: 'hardlink', target: hardlinkTarget(described) }
    case '2':
      return { ...common, type: 'symlink', target: symlinkTarget(described) }
    case '3':
    case '4':
      return { ...common, type: flag === '3' ? 'character' : 'block', ...deviceOf(described.header) }
    case directoryFlag:
      return { ...common, type: 'directory' }
    case '6':
      return { ...common, type: 'fifo' }
    default:
      throw new BadHeader(`its type ${JSON.stringify(flag)} is not supported`)
  }
}

function checkName(name: string, path: string, flag: string): void {
  if (name === '') throw new BadHeader('it has no name')
  if (path === '' && flag !== directoryFlag)
    throw new BadHeader('it would replace the root, which must stay a directory')
}

function ownerOf({ header, records }: Description): Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'mtimeNs'> {
  const id = (name: 'uid' | 'gid'): number => {
    const stated = records.get(name)
    return asId(stated ? decimal(stated, name) : header[name], name)
  }
  checkTime(records, 'atime')
  checkTime(records, 'ctime')
  const mtimeNs = checkTime(records, 'mtime') ?? BigInt(header.mtime) * 1_000_000_000n
  const mode = typeof header.mode === 'number' ? header.mode & 0o7777 : Number(header.mode & 0o7777n)
  return { mode, uid: id('uid'), gid: id('gid'), mtimeNs }
}

/** The last of 32 bits means "no change" to the kernel, and what is beyond would wrap around to somebody else. */
function asId(id: HeaderNumber, name: string): number {
  if (typeof id !== 'number' || id < 0 || id > 0xffff_fffe) throw new BadHeader(`its ${name} ${id} is out of range`)
  return id
}

function checkTime(records: PaxRecords, key: string): bigint | undefined {
  const stated = records.get(key)
  if (!stated) return undefined
  const time = readPaxTime(stated)
  if (time === undefined) throw new BadHeader(`its ${key} is not a time`)
  return time
}

function decimal(text: string, key: string): HeaderNumber {
  const value = readDecimal(text)
  if (value === undefined) throw new BadHeader(`its ${key} is not a number`)
  return value
}

function xattrsOf(records: PaxRecords): ReadonlyMap<string, Uint8Array> {
  if (records.size === 0) return noXattrs
  const xattrs = new Map<string, Uint8Array>()
  for (const [key, value] of records) {
    if (key.startsWith(xattrPrefix)) xattrs.set(key.slice(xattrPrefix.length), Buffer.from(value, 'latin1'))
  }
  return xattrs
}

function linkOf({ header, records, longLink }: Description): string {
  const link = longLink || records.get('linkpath') || header.link
  if (link === '') throw new BadHeader('it is a link without a target')
  return link
}

function hardlinkTarget(described: Description): TarEntry['path'] {
  const target = cleanTarget(linkOf(described))
  if (target === '') throw new BadHeader('it is a hard link to the root')
  return target
}

/** The kernel keeps at most a page of text in a symlink. */
const maxTargetBytes = 4095

function symlinkTarget(described: Description): Uint8Array {
  const target = linkOf(described)
  if (target.includes('\0')) throw new BadHeader('the target of the symlink holds a NUL byte')
  if (target.length > maxTargetBytes) throw new BadHeader(`the target of the symlink has ${target.length} bytes`)
  return Buffer.from(target, 'latin1')
}

/** Linux has 12 bits for the first number of a device and 20 for the second. */
function deviceOf({ major, minor }: Header): { readonly major: number; readonly minor: number } {
  const fits = (value: HeaderNumber, most: number): value is number => value >= 0 && value <= most
  if (!fits(major, 0xfff) || !fits(minor, 0xfffff))
    throw new BadHeader(`its device number ${major}:${minor} is out of range`)
  return { major, minor }
}
