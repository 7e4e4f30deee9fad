import { HearthError } from '../errors.ts'
import type { Ownership } from '../rootfs/extract.ts'
import {
  type AccountFiles,
  type GroupAccount,
  groupsOf,
  largestID,
  parseID,
  type UserAccount,
  usersOf,
} from './accounts.ts'

/** Who a command runs as. */
export interface ResolvedUser {
  readonly uid: number
  readonly gid: number
  /** All groups the process is in, `gid` first. */
  readonly groups: readonly number[]
  readonly home: string
}

/**
 * The user that USER names: "user", "user:group" or ":group", each a name or a number; '' is root. Names come from the
 * root's own /etc/passwd and /etc/group. Without a group the user's own ones count, and group 0 for a number that has no
 * account. Throws "user-unknown" for a name that is not there.
 */
export function resolveUser(root: AccountFiles, text: string): ResolvedUser {
  const { user: userText, group: groupText } = parts(text)
  // A number needs no account: where the files cannot be read, it stands for itself.
  const asked = /^\d*$/.test(userText) ? whereReadable : whatever
  const account = findUser(() => asked(() => usersOf(root)), userText === '' ? '0' : userText)
  const uid = typeof account === 'number' ? account : account.uid
  const home = homeOf(account)
  if (groupText !== '') {
    const gid = findGroup(root, groupText)
    return { uid, gid, groups: [gid], home }
  }
  if (typeof account === 'number') return { uid, gid: 0, groups: [0], home }
  const memberOf = asked(() => groupsOf(root)).filter((group) => group.members.includes(account.name))
  const groups = new Set([account.gid, ...memberOf.map((group) => group.gid)])
  return { uid, gid: account.gid, groups: [...groups], home }
}

/**
 * The owner that --chown names, in the same forms. Without a group a user's name brings its primary group, and a number
 * is taken for both.
 */
export function resolveOwner(root: AccountFiles, text: string): Ownership {
  const { user: userText, group: groupText } = parts(text)
  const number = userText === '' ? 0 : parseNumber(userText)
  const account = number ?? findUser(() => usersOf(root), userText)
  const { uid, gid } = typeof account === 'number' ? { uid: account, gid: account } : account
  return { uid, gid: groupText === '' ? gid : findGroup(root, groupText) }
}

function parts(text: string): { readonly user: string; readonly group: string } {
  const [user = '', ...group] = text.trim().split(':')
  return { user, group: group.join(':') }
}

/** The account a text names, or the number it is where no account has it. Root is known without being listed. */
function findUser(list: () => readonly UserAccount[], text: string): UserAccount | number {
  const number = parseNumber(text)
  const users = list()
  const found = users.find((user) => (number === undefined ? user.name === text : user.uid === number))
  if (found !== undefined) return found
  if (number !== undefined) return number
  if (text === 'root') return 0
  throw unknown('user', text, users)
}

function whatever<T>(list: () => readonly T[]): readonly T[] {
  return list()
}

function whereReadable<T>(list: () => readonly T[]): readonly T[] {
  try {
    return list()
  } catch (error) {
    if (error instanceof HearthError) return []
    throw error
  }
}

function findGroup(root: AccountFiles, text: string): number {
  const number = parseNumber(text)
  if (number !== undefined) return number
  const groups = groupsOf(root)
  const found = groups.find((group) => group.name === text)
  if (found !== undefined) return found.gid
  if (text === 'root') return 0
  throw unknown('group', text, groups)
}

/** The number a text is; undefined for a name. */
function parseNumber(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined
  const id = parseID(text)
  if (id !== undefined) return id
  throw new HearthError({
    code: 'user-unknown',
    message: `${text} is no user or group id`,
    fix: `Ids go from 0 to ${largestID}.`,
  })
}

function homeOf(account: UserAccount | number): string {
  if (typeof account === 'number') return account === 0 ? '/root' : '/'
  return account.home === '' ? '/' : account.home
}

function unknown(kind: 'user' | 'group', name: string, known: readonly (UserAccount | GroupAccount)[]): HearthError {
  const file = kind === 'user' ? '/etc/passwd' : '/etc/group'
  return new HearthError({
    code: 'user-unknown',
    message: `The image has no ${kind} "${name}"`,
    why:
      known.length === 0
        ? `${file} lists none`
        : `${file} lists ${known
            .map((entry) => entry.name)
            .slice(0, 20)
            .join(', ')}`,
    fix: `Create the ${kind} in a RUN before, or give its number.`,
  })
}
