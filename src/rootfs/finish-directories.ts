import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Unpacker } from './unpacker.ts'

/** For how long everything else in the process may have to wait. */
const turnMs = 8

/** Gives the directories their metadata once everything is in them, and lets others have their turn now and then. */
export async function finishDirectories(unpacker: Unpacker): Promise<void> {
  let turn = performance.now()
  for (const _ of unpacker.finish()) {
    if (performance.now() - turn < turnMs) continue
    await nextTurn()
    turn = performance.now()
  }
}
