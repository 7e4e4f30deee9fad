import { readFileSync } from 'node:fs'

/** First and last of consecutive user or group ids. */
export type IdSpan = readonly [first: number, last: number]

/** The ids that exist where this process runs: nearly all, but for a user namespace that was given fewer. */
export function ownIDs(kind: 'uid' | 'gid'): readonly IdSpan[] {
  return spansOf(readFileSync(`/proc/self/${kind}_map`, 'latin1'))
}

/** The same from the text of a uid_map or gid_map, in its order. */
export function spansOf(map: string): readonly IdSpan[] {
  const lines = map.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return lines.flatMap(([first = 0, , count]) => (count === undefined ? [] : [[first, first + count - 1] as const]))
}

/** As people read them, those that touch as one: "0-65535, 100000". */
export function idsText(spans: readonly IdSpan[]): string {
  const joined: IdSpan[] = []
  for (const [first, last] of spans.toSorted(([one], [other]) => one - other)) {
    const before = joined.at(-1)
    if (before !== undefined && before[1] + 1 === first) joined.splice(-1, 1, [before[0], last])
    else joined.push([first, last])
  }
  return joined.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(', ')
}

/** What gives a user namespace more ids. */
export const moreIDs =
  'Use ids that are there, or give it more: an ordinary user in /etc/subuid and /etc/subgid, a container in its settings.'

/** Whether a system call failed because the owner it is to give does not exist here. It has no other EINVAL. */
export function isUnknownOwner(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error && 'syscall' in error)) return false
  return error.code === 'EINVAL' && ['chown', 'lchown', 'fchown'].includes(String(error.syscall))
}

/** Whether an id is within one of the spans. */
export function holdsID(spans: readonly IdSpan[], id: number): boolean {
  return spans.some(([first, last]) => first <= id && id <= last)
}

/** Tells which ids there are here, for the reader of an error. */
export function knownIDs(): string {
  const [users, groups] = [idsText(ownIDs('uid')), idsText(ownIDs('gid'))]
  return `the user namespace that hearth works in has the users ${users} and the groups ${groups}, and no others`
}
