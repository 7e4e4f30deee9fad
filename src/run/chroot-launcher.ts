// The parent of a command that has a directory for its root and the namespaces of the executor, a program of its own:
// takes an order, and does with the command as the launcher for commands in place does.
import { limitCapabilities } from '../sys/capabilities.ts'
import { withRoot } from '../sys/other-root.ts'
import { containerCapabilities } from './container-capabilities.ts'
import type { LaunchReport } from './launch-order.ts'
import { readOrder } from './launcher-channel.ts'
import { orWhereRefused } from './refusals.ts'
import { prepareProcess, startCommand } from './start-command.ts'
import { watchOver } from './watch-over.ts'

const order = readOrder()

watchOver((finish) => {
  // Without CAP_SETPCAP nothing can be taken away; there is no more than the container has.
  orWhereRefused(
    () => limitCapabilities(containerCapabilities),
    () => {},
  )
  // Only the command stays in the root: /proc, by which its descendants are found, is outside.
  const finishOutside = (answer: LaunchReport): void => process.nextTick(finish, answer)
  return withRoot(order.root, () => {
    prepareProcess(order)
    return startCommand(order, finishOutside)
  })
})
