import { chmodSync, chownSync, closeSync, constants, fstatSync, lchownSync, openSync, type Stats } from 'node:fs'
import { systemCode } from '../errors.ts'
import { pointerOnly } from '../sys/pointer-flag.ts'
import { setTimes } from '../sys/times.ts'
import { getXattr, listXattrs, removeXattr, setXattr } from '../sys/xattr.ts'
import { onDisk, type RawPath } from '../tar/raw-path.ts'
import { attributeFailure, bitsLost, exchanged, placed } from './disk-failure.ts'
import type { FileType } from './record.ts'
import type { Root } from './root.ts'

/** What a file has besides its content. */
export interface Metadata {
  readonly type: FileType
  /** Below its root: what messages call it. */
  readonly path: RawPath
  readonly uid: number
  readonly gid: number
  /** Permission bits, 07777; a symlink has none. */
  readonly mode: number
  readonly mtimeNs: bigint
  readonly xattrs: ReadonlyMap<string, Uint8Array>
}

/**
 * Gives the file at a resolved path its owner, extended attributes, mode and time, in the order in which none undoes
 * another. Never follows a symlink in the last part. Gives the names of attributes the filesystem cannot hold, as that of
 * gVisor no file capabilities. A mode that the kernel cut down is an error.
 */
export function applyMetadata(root: Root, at: RawPath, wanted: Metadata): readonly string[] {
  if (typeof root !== 'string') {
    root.describe(at, wanted)
    return none
  }
  return placed(wanted.path, () => setMetadata(onDisk(root, at), wanted))
}

/** The same for a host path. */
export function setMetadata(host: Buffer, wanted: Metadata): readonly string[] {
  if (wanted.type === 'symlink') {
    lchownSync(host, wanted.uid, wanted.gid)
    const unsupported = setXattrs(host, wanted)
    setTimes(host, wanted.mtimeNs)
    return unsupported
  }
  const descriptor = openSync(host, pointerOnly | constants.O_NOFOLLOW)
  try {
    if (!isOfType(fstatSync(descriptor), wanted.type)) throw exchanged(wanted.path)
    const pinned = `/proc/self/fd/${descriptor}`
    chownSync(pinned, wanted.uid, wanted.gid)
    const unsupported = setXattrs(host, wanted)
    chmodSync(pinned, wanted.mode)
    checkMode(descriptor, wanted)
    setTimes(host, wanted.mtimeNs)
    return unsupported
  } finally {
    closeSync(descriptor)
  }
}

const setIdBits = 0o6000

/** Without the capability for it, the kernel drops setuid and setgid bits and reports success. */
export function checkMode(descriptor: number, { mode, path }: Pick<Metadata, 'mode' | 'path'>): void {
  if ((mode & setIdBits) === 0) return
  const actual = fstatSync(descriptor).mode & 0o7777
  if (actual !== mode) throw bitsLost(path, mode, actual)
}

/** Sets extended attributes; gives the names of those that the filesystem cannot hold. */
export function setXattrs(host: Buffer, { xattrs, path }: Pick<Metadata, 'xattrs' | 'path'>): readonly string[] {
  if (xattrs.size === 0) return none
  const unsupported: string[] = []
  for (const [name, value] of xattrs) {
    if (!isContent(name)) continue
    try {
      setXattr(host, name, value)
    } catch (error) {
      if (systemCode(error) !== 'ENOTSUP') throw attributeFailure(error, path, name)
      unsupported.push(name)
    }
  }
  return unsupported
}

/** Takes away the extended attributes that a file is not to have; those of the machine stay. */
export function dropOtherXattrs(host: Buffer, { xattrs }: Pick<Metadata, 'xattrs'>): void {
  for (const name of namesOf(host)) if (isContent(name) && !xattrs.has(name)) removeXattr(host, name)
}

const none: readonly string[] = []

/** The extended attributes of a file that belong to an image, by name in byte order. A symlink is not followed. */
export function readXattrs(root: Root, path: RawPath): ReadonlyMap<string, Uint8Array> {
  if (typeof root !== 'string') return root.xattrs(path)
  const host = onDisk(root, path)
  const names = namesOf(host).filter(isContent).sort()
  if (names.length === 0) return noXattrs
  const xattrs = new Map<string, Uint8Array>()
  for (const name of names) {
    const value = attributeOf(host, name)
    if (value !== undefined) xattrs.set(name, value)
  }
  return xattrs
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()

function namesOf(host: Buffer): readonly string[] {
  try {
    return listXattrs(host)
  } catch (error) {
    if (systemCode(error) === 'ENOTSUP') return none
    throw error
  }
}

/** Undefined when it has gone since it was listed, or is only listed. */
function attributeOf(host: Buffer, name: string): Uint8Array | undefined {
  try {
    return getXattr(host, name)
  } catch (error) {
    if (['ENODATA', 'ENOTSUP'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}

/** Attributes by which overlay file systems, NFS servers and security modules of this machine mark files of their own. */
const machinesOwn = /^(?:trusted\.overlay\.|user\.overlay\.)|^(?:security\.(?:selinux|evm|ima)|system\.nfs4_acl)$/

/** Whether an extended attribute belongs to an image, and not to this machine. */
export function isContent(name: string): boolean {
  return !machinesOwn.test(name)
}

function isOfType(stat: Stats, type: FileType): boolean {
  switch (type) {
    case 'file':
      return stat.isFile()
    case 'directory':
      return stat.isDirectory()
    case 'character':
      return stat.isCharacterDevice()
    case 'block':
      return stat.isBlockDevice()
    case 'fifo':
      return stat.isFIFO()
    case 'symlink':
      return stat.isSymbolicLink()
    case 'socket':
      return stat.isSocket()
  }
}
