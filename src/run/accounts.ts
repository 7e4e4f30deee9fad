import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { HearthError, systemCode } from '../errors.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import { onDisk, rawPath } from '../tar/raw-path.ts'

export interface UserAccount {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

export interface GroupAccount {
  readonly name: string
  readonly gid: number
  /** Names of users. */
  readonly members: readonly string[]
}

/** The largest user or group id; the next one means "none" to the kernel. */
export const largestID = 0xffff_fffe

export const largestFile = 16 << 20

export type AccountFile = '/etc/passwd' | '/etc/group'

/** Where an image's accounts are read: in its root, or from texts that somebody has. */
export type AccountFiles = string | { readonly text: (path: AccountFile) => string }

/** The users in a root's /etc/passwd, in its order; none where the file is missing. */
export function usersOf(root: AccountFiles): readonly UserAccount[] {
  return linesOf(root, '/etc/passwd').flatMap(([name = '', , uid, gid, , home = '']) => {
    const ids = [parseID(uid), parseID(gid)] as const
    return ids[0] === undefined || ids[1] === undefined ? [] : [{ name, uid: ids[0], gid: ids[1], home }]
  })
}

/** The groups in a root's /etc/group, in its order; none where the file is missing. */
export function groupsOf(root: AccountFiles): readonly GroupAccount[] {
  return linesOf(root, '/etc/group').flatMap(([name = '', , id, members = '']) => {
    const gid = parseID(id)
    return gid === undefined ? [] : [{ name, gid, members: members.split(',').filter((member) => member !== '') }]
  })
}

/** A user or group id in decimal digits; undefined for anything else. */
export function parseID(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined
  const id = Number(text)
  return id <= largestID ? id : undefined
}

/** Fields of each line; comments and empty lines left out. */
function linesOf(root: AccountFiles, path: AccountFile): readonly (readonly string[])[] {
  const lines = (typeof root === 'string' ? textOf(root, path) : root.text(path)).split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(':'))
}

/** The root is an image's: its file may be a symlink to anywhere, a fifo, or endless. */
function textOf(root: string, path: string): string {
  const descriptor = open(root, path)
  if (descriptor === undefined) return ''
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw unreadable(path, 'it is not a regular file')
    if (stat.size > largestFile) throw unreadable(path, `it has more than ${largestFile} bytes`)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function open(root: string, path: string): number | undefined {
  try {
    const target = resolveInRoot(root, rawPath(path), { followLast: true })
    return openSync(onDisk(root, target), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = systemCode(error) ?? ''
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw code === 'ENXIO' ? unreadable(path, 'it is a socket') : error
  }
}

/** For an account file that cannot be taken. */
export function unreadable(path: string, why: string): HearthError {
  return new HearthError({
    code: 'user-unknown',
    message: `${path} of the image cannot be read`,
    why,
    fix: 'Repair the file in the image, or give user and group as numbers: 1000:1000.',
  })
}
