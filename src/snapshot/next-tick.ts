import { setTimeout as sleep } from 'node:timers/promises'

/** The slowest clock Linux stamps files with ticks a hundred times a second. */
const tickMs = 12
/** Some filesystems keep whole seconds only. */
const secondMs = 1000 + tickMs

export interface TickOptions {
  /** When the files had their last change, at the latest: a value of `performance.now()`. */
  readonly since: number
  /** Whether times on this filesystem have fractions of a second. */
  readonly hasFractions: boolean
  readonly signal?: AbortSignal
}

/**
 * Waits until a change made from now on gets another ctime than any made before: within one tick of the filesystem's
 * clock two changes look like one. A walk of some thousand files takes longer than that, and then this waits no more.
 */
export async function waitForNextTick({ since, hasFractions, signal }: TickOptions): Promise<void> {
  const left = since + (hasFractions ? tickMs : secondMs) - performance.now()
  if (left > 0) await sleep(Math.ceil(left), undefined, signal === undefined ? {} : { signal })
}
