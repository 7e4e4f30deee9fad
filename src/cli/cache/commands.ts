import type { CommandGroup } from '../run-subcommand.ts'

/** "hearth-executor cache …" */
export const cacheCommands: CommandGroup = {
  name: 'hearth-executor cache',
  summary: 'Looks after a cache directory.',
  commands: [],
}
