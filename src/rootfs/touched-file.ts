import type { BigIntStats } from 'node:fs'

/** A file whose time of last status change (ctime) has moved although nothing about it has changed. */
export interface TouchedFile {
  readonly dev: bigint
  readonly ino: bigint
  /** The ctime it had, in nanoseconds since the epoch, and the one it has now. */
  readonly before: bigint
  readonly after: bigint
}

type Stat = Pick<BigIntStats, 'dev' | 'ino' | 'ctimeNs'>

/** Whether a file with a ctime that is known has the one it has now only because it was touched, in this order. */
export function onlyTouched(touched: readonly TouchedFile[], known: bigint, { dev, ino, ctimeNs }: Stat): boolean {
  const own = touched.filter((file) => file.ino === ino && file.dev === dev)
  return own.reduce((ctime, { before, after }) => (before === ctime ? after : ctime), known) === ctimeNs
}
