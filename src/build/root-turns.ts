import type { KeptRoot } from './kept-root.ts'
import type { StageFiles } from './stage-files.ts'

/** Lets stages take turns at a root they share. A stage with a root of its own never waits. */
export class RootTurns {
  readonly #kept: KeptRoot | undefined
  #holder: StageFiles | undefined
  #last: Promise<unknown> = Promise.resolve()
  #isOver = false

  /** What a shared root holds before the first turn is kept by `kept`, and comes back with `clear`. */
  constructor(kept?: KeptRoot) {
    this.#kept = kept
  }

  /** Works on a root. A shared one is emptied first when another stage had it last, and nobody else has it meanwhile. */
  async take<T>(root: StageFiles, work: () => Promise<T>): Promise<T> {
    if (root.shared === undefined) return work()
    const turn = this.#last.then(async () => {
      if (this.#isOver) throw new Error('the build is over')
      if (this.#holder !== root) {
        if (this.#holder === undefined) await this.#kept?.keep()
        this.#holder?.leave()
        this.#holder = root
        await root.enter()
      }
      return work()
    })
    // The next in line waits for the end of this turn, whatever comes of it.
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Ends all turns: leaves of the shared root what it held before, where that was kept, else nothing. */
  async clear(): Promise<void> {
    await this.#last
    this.#isOver = true
    if (this.#holder === undefined) return
    await this.#holder.enter()
    this.#holder = undefined
    await this.#kept?.giveBack()
  }
}
