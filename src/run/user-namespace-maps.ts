import { spansOf } from '../sys/own-ids.ts'

/** Consecutive ids inside a user namespace, and which ids of the surrounding one they stand for. */
export interface IdRange {
  readonly inside: number
  readonly outside: number
  readonly count: number
}

/** A map that gives every id of this process's namespace to itself, from the text of /proc/self/uid_map or gid_map. */
export function identityMap(ownMap: string): readonly IdRange[] {
  return spansOf(ownMap).map(([first, last]) => ({ inside: first, outside: first, count: last - first + 1 }))
}

export interface Account {
  readonly id: number
  /** None for a user without an entry in /etc/passwd. */
  readonly name?: string | undefined
}

/**
 * A map that makes a user root, and gives it the ids that /etc/subuid or /etc/subgid has for it from 1 on; undefined
 * when they have none. `own` is the user's own id of that kind.
 */
export function subordinateMap(file: string, account: Account, own: number): readonly IdRange[] | undefined {
  const ranges: IdRange[] = [{ inside: 0, outside: own, count: 1 }]
  let inside = 1
  for (const line of file.split('\n')) {
    const [owner = '', start = '', length = ''] = line.trim().split(':')
    const [outside, count] = [Number(start), Number(length)]
    if (owner === '' || (owner !== account.name && owner !== String(account.id))) continue
    if (!Number.isSafeInteger(outside) || !Number.isSafeInteger(count) || count <= 0) continue
    ranges.push({ inside, outside, count })
    inside += count
  }
  return ranges.length === 1 ? undefined : ranges
}

/** As the kernel takes it. */
export function mapText(ranges: readonly IdRange[]): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('')
}

/** As newuidmap and newgidmap take it. */
export function mapArguments(ranges: readonly IdRange[]): readonly string[] {
  return ranges.flatMap(({ inside, outside, count }) => [inside, outside, count].map(String))
}
