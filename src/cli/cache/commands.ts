import type { CommandGroup } from '../run-subcommand.ts'
import { exportCommand } from './export.ts'
import { importCommand } from './import.ts'

/** "hearth-executor cache …" */
export const cacheCommands: CommandGroup = {
  name: 'hearth-executor cache',
  summary: 'Looks after a cache directory.',
  commands: [exportCommand, importCommand],
}
