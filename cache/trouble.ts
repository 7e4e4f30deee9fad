import { HearthError, messageOf } from '../src/errors.ts'
import type { Log } from '../src/log.ts'

/** Something that may go wrong many times in a build and is worth one warning: the rest is counted. */
export class Trouble {
  readonly #log: Log
  readonly #title: string
  #count = 0

  /** `title` says what failed and what that means, such as "Cache /c cannot be written, the build goes on without". */
  constructor(log: Log, title: string) {
    this.#log = log
    this.#title = title
  }

  get count(): number {
    return this.#count
  }

  /** `quiet` where a warning about the same thing has been given already. */
  note(error: unknown, o: { readonly quiet?: boolean } = {}): void {
    this.#count += 1
    const text = `${this.#title}: ${reasonOf(error).replaceAll('\n', ' ')}`
    if (this.#count === 1 && o.quiet !== true) this.#log.warn(text)
    else this.#log.debug(text)
  }
}

/** Message, place and cause of an error on one line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof HearthError)) return messageOf(error)
  const place = error.where === undefined ? '' : ` at ${error.where}`
  const why = error.why === undefined ? '' : ` (${error.why})`
  return `${error.message}${place}${why}`
}

/** Throws what an abort threw; every other error of a cache is somebody's trouble, not the build's. */
export function throwIfAborted(error: unknown, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw error
}
