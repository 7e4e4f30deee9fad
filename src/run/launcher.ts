// The first process of a command's namespaces, a program of its own: takes an order, becomes the init of the command and
// reports how it ended. When it ends, or the executor does, the kernel kills whatever is left of the command; without a
// PID namespace it does so itself.
import { messageOf, systemCode } from '../errors.ts'
import { limitCapabilities } from '../sys/capabilities.ts'
import { closeDescriptorsOnExec } from '../sys/descriptors.ts'
import { confineProcesses } from '../sys/landlock.ts'
import { unshare } from '../sys/namespaces.ts'
import { hideFromPeers } from '../sys/prctl.ts'
import { forbidKeyRings } from '../sys/seccomp.ts'
import { keepReaping } from '../sys/wait.ts'
import { containerCapabilities } from './container-capabilities.ts'
import { endDescendants } from './end-descendants.ts'
import { enterRoot, type OldRoot } from './enter-root.ts'
import { nameMachine } from './hosts.ts'
import { OwnProcessesRefused } from './kernel-views.ts'
import { channel, type FailedSurrounding, type LaunchOrder, type LaunchReport } from './launch-order.ts'
import { leave, onHangUp, readOrder, report } from './launcher-channel.ts'
import { enterNetwork, NetworkRefused } from './no-network.ts'
import { afterDescendants, keepDescendants } from './own-descendants.ts'
import { MountRefused, takeSources } from './provide-mounts.ts'
import { prepareProcess, startCommand } from './start-command.ts'
import { openStore, type Supply, storeIn } from './store.ts'
import { provideSurroundings } from './surroundings.ts'

launch(readOrder())

function launch(order: LaunchOrder): void {
  const finish = order.processes === 'own' ? report : (answer: LaunchReport) => report(afterDescendants(answer))
  if (order.processes === 'shared') keepDescendants()
  try {
    closeDescriptorsOnExec(channel)
    unshare(['ipc', 'uts', 'cgroup'])
    enterNetwork(order.network)
    const oldRoot = enterFurnishedRoot(order)
    prepareFor(order, oldRoot)
    const command = startCommand(order, finish)
    hideFromPeers()
    keepReaping(command?.pid)
  } catch (error) {
    finish(failure(error))
  }
  onHangUp(() => {
    if (order.processes === 'shared') endDescendants()
    leave()
  })
}

function enterFurnishedRoot(order: LaunchOrder): OldRoot {
  let supply: Supply = 'own'
  const oldRoot = enterRoot(order.root, () => {
    supply = openStore(order.root, order.processes)
    takeSources(storeIn(order.root), order.mounts)
  })
  provideSurroundings({ ...order, hostname: nameMachine(order.hostname, supply) }, supply)
  return oldRoot
}

function failure(error: unknown): LaunchReport {
  const report = { kind: 'failed', code: systemCode(error) ?? '', message: messageOf(error) } as const
  const what = failedSurrounding(error)
  return what === undefined ? report : { ...report, what }
}

function failedSurrounding(error: unknown): FailedSurrounding | undefined {
  if (error instanceof OwnProcessesRefused) return 'own-processes'
  if (error instanceof MountRefused) return 'mount'
  return error instanceof NetworkRefused ? 'network' : undefined
}

function prepareFor(order: LaunchOrder, oldRoot: OldRoot): void {
  prepareProcess(order)
  limitCapabilities(containerCapabilities.filter((name) => name !== 'sys_chroot' || oldRoot === 'gone'))
  // The machine's network has sockets without a path, and a shared PID namespace other processes than the command's.
  confineProcesses()
  forbidKeyRings()
}
