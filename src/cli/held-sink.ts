import type { Sink } from './program.ts'

/** Keeps what is written to it until it is known whether this program goes on or begins anew, and says all of it again. */
export class HeldSink implements Sink {
  readonly #target: Sink
  #held: string[] | undefined = []

  constructor(target: Sink) {
    this.#target = target
  }

  write(text: string): void {
    if (this.#held === undefined) this.#target.write(text)
    else this.#held.push(text)
  }

  /** Writes what was kept; from now on everything goes through. */
  release(): void {
    for (const text of this.#held ?? []) this.#target.write(text)
    this.#held = undefined
  }

  /** Forgets what was kept; from now on everything goes through. */
  drop(): void {
    this.#held = undefined
  }
}
