import { systemCode } from '../errors.ts'
import { descendantsOf, listProcesses, type ProcessEntry } from '../sys/processes.ts'
import { reapChildren } from '../sys/wait.ts'

/** How long processes may take to die, in ms: one that waits for a disk does so only then. */
const patience = 5000

const pauseMs = 1

/**
 * Kills all that descends from this process and buries it, in a process that adopts orphans. What is started meanwhile is
 * killed, too. Gives the ids of what is left: processes that cannot be killed, or start others faster than those are.
 */
export function endDescendants(): readonly number[] {
  for (const deadline = performance.now() + patience; ; ) {
    if (!reapChildren()) return []
    const descendants = descendantsOf(process.pid, listProcesses())
    if (performance.now() > deadline) return descendants.map(({ pid }) => pid)
    kill(descendants)
    pause()
  }
}

/** The same without burying, which is left to the first process: Node may wait for some. `spared` ones and theirs stay. */
export function killDescendants(spared: ReadonlySet<number>): void {
  for (const deadline = performance.now() + patience; performance.now() < deadline; pause()) {
    const descendants = descendantsOf(process.pid, listProcesses(), spared)
    kill(descendants)
    if (descendants.every(({ ended }) => ended)) return
  }
}

function kill(processes: readonly ProcessEntry[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // Without CAP_KILL those of other users stay; the caller sees that.
      if (!['ESRCH', 'EPERM'].includes(systemCode(error) ?? '')) throw error
    }
  }
}

/** Nothing else may run meanwhile: a timer would let new children be born. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
}
