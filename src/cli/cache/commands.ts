import type { CommandGroup } from '../run-subcommand.ts'
import { explainCommand } from './explain.ts'

/** "hearth-executor cache …" */
export const cacheCommands: CommandGroup = {
  name: 'hearth-executor cache',
  summary: 'Looks after a cache directory.',
  commands: [explainCommand],
}
