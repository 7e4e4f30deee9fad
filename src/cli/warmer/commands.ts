import type { CommandGroup } from '../run-subcommand.ts'
import { listCommand } from './ls.ts'
import { pruneCommand } from './prune.ts'

/** "hearth-warmer ls", "hearth-warmer prune" */
export const warmerCommands: CommandGroup = {
  name: 'hearth-warmer',
  summary: 'Looks after the warmed images of a cache directory.',
  commands: [listCommand, pruneCommand],
}
