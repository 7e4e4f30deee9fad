// The parent of a command that keeps the root and namespaces of the executor, a program of its own: takes an order, starts
// the command, adopts the orphans it leaves and reports how it ended. Before it ends itself, for whatever reason but a
// SIGKILL, it ends all of them.

import { readOrder } from './launcher-channel.ts'
import { enterNetwork } from './no-network.ts'
import { prepareProcess, startCommand } from './start-command.ts'
import { watchOver } from './watch-over.ts'

const order = readOrder()

watchOver((finish) => {
  enterNetwork(order.network)
  prepareProcess(order)
  return startCommand(order, finish)
})
