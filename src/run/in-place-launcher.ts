// The parent of a command that keeps the root and namespaces of the executor, a program of its own: takes an order, starts
// the command, adopts the orphans it leaves and reports how it ended. Before it ends itself, for whatever reason but a
// SIGKILL, it ends all of them.
import { messageOf, systemCode } from '../errors.ts'
import { closeDescriptorsOnExec } from '../sys/descriptors.ts'
import { hideFromPeers } from '../sys/prctl.ts'
import { reapOrphans } from '../sys/wait.ts'
import { endDescendants } from './end-descendants.ts'
import { channel, type InPlaceOrder, type LaunchReport } from './launch-order.ts'
import { leave, onHangUp, readOrder, report } from './launcher-channel.ts'
import { enterNetwork, NetworkRefused } from './no-network.ts'
import { afterDescendants, keepDescendants } from './own-descendants.ts'
import { prepareProcess, startCommand } from './start-command.ts'

launch(readOrder())

function launch(order: InPlaceOrder): void {
  const finish = (answer: LaunchReport): never => report(afterDescendants(answer))
  try {
    keepDescendants()
    closeDescriptorsOnExec(channel)
    enterNetwork(order.network)
    prepareProcess(order)
    const command = startCommand(order, finish)
    hideFromPeers()
    process.on('SIGCHLD', () => reapOrphans(command?.pid))
  } catch (error) {
    const what = error instanceof NetworkRefused ? { what: 'network' as const } : {}
    finish({ kind: 'failed', code: systemCode(error) ?? '', message: messageOf(error), ...what })
  }
  onHangUp(() => {
    endDescendants()
    leave()
  })
}
