import type { StageFiles } from './stage-files.ts'

/** Lets stages take turns at a root they share. A stage with a root of its own never waits. */
export class RootTurns {
  #holder: StageFiles | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** Works on a root. A shared one is emptied first when another stage had it last, and nobody else has it meanwhile. */
  async take<T>(root: StageFiles, work: () => Promise<T>): Promise<T> {
    if (root.shared === undefined) return work()
    const turn = this.#last.then(async () => {
      if (this.#holder !== root) {
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

  /** Empties the shared root, if any stage has used it. */
  async clear(): Promise<void> {
    await this.#last
    await this.#holder?.enter()
    this.#holder = undefined
  }
}
