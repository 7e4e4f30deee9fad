import { setImmediate as nextTurn } from 'node:timers/promises'

/** For how long everything else in the process may have to wait. */
const turnMs = 8

/** Takes one step after the other, and lets others have their turn now and then. */
export async function inTurns(steps: Iterable<void>): Promise<void> {
  let turn = performance.now()
  for (const _ of steps) {
    if (performance.now() - turn < turnMs) continue
    await nextTurn()
    turn = performance.now()
  }
}
