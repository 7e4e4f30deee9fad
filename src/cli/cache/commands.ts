import type { CommandGroup } from '../run-subcommand.ts'
import { duCommand } from './du.ts'
import { explainCommand } from './explain.ts'
import { exportCommand } from './export.ts'
import { importCommand } from './import.ts'
import { lsCommand } from './ls.ts'
import { pruneCommand } from './prune.ts'
import { verifyCommand } from './verify.ts'

/** "hearth-executor cache …" */
export const cacheCommands: CommandGroup = {
  name: 'hearth-executor cache',
  summary: 'Looks after a cache directory.',
  commands: [duCommand, explainCommand, exportCommand, importCommand, lsCommand, pruneCommand, verifyCommand],
}
