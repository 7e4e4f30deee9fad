import type { ChildProcess } from 'node:child_process'
import { messageOf, systemCode } from '../errors.ts'
import { closeDescriptorsOnExec } from '../sys/descriptors.ts'
import { hideFromPeers } from '../sys/prctl.ts'
import { keepReaping } from '../sys/wait.ts'
import { endDescendants } from './end-descendants.ts'
import { channel, type LaunchReport } from './launch-order.ts'
import { leave, onHangUp, report } from './launcher-channel.ts'
import { NetworkRefused } from './no-network.ts'
import { afterDescendants, keepDescendants } from './own-descendants.ts'

/**
 * Makes this process the parent of a command among the processes of the executor: starts it, adopts the orphans it leaves
 * and reports how it ended. Before this process ends, for whatever reason but a SIGKILL, it ends all of them.
 */
export function watchOver(start: (finish: (answer: LaunchReport) => never) => ChildProcess | undefined): void {
  const finish = (answer: LaunchReport): never => report(afterDescendants(answer))
  try {
    keepDescendants()
    closeDescriptorsOnExec(channel)
    const command = start(finish)
    hideFromPeers()
    keepReaping(command?.pid)
  } catch (error) {
    const what = error instanceof NetworkRefused ? { what: 'network' as const } : {}
    finish({ kind: 'failed', code: systemCode(error) ?? '', message: messageOf(error), ...what })
  }
  onHangUp(() => {
    endDescendants()
    leave()
  })
}
