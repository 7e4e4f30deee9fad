import type { Flights } from '../../cache/flights.ts'
import type { CacheKey } from '../../cache/key.ts'

/** A step that other builds may be at. */
export interface SharedWork<T> {
  readonly key: CacheKey
  /** What its layer rests on: of another one it is not the same. */
  readonly madeOn: string
  readonly signal: AbortSignal | undefined
  /** Called once, when another build is at it. */
  onWait(): void
  /** What another build has made of it by now. */
  find(): Promise<T | undefined>
  make(): Promise<T>
}

/** Does a step's work, unless another build does it: then what that has made is taken. */
export async function unlessInFlight<T>(flights: Flights | undefined, work: SharedWork<T>): Promise<T> {
  if (flights === undefined) return work.make()
  const { key, madeOn, signal } = work
  const abort = signal === undefined ? {} : { signal }
  const flight = await flights.board({ key, madeOn, onWait: () => work.onWait(), ...abort })
  let isDone = false
  try {
    const made = (await work.find()) ?? (await work.make())
    isDone = true
    return made
  } finally {
    // An interruption says nothing about the step.
    await flight.end({ succeeded: isDone || signal?.aborted === true })
  }
}
