import { loginCommand } from './login.ts'
import { pushCommand } from './push.ts'
import type { CommandGroup } from './run-subcommand.ts'

/** What the executor does besides building: one word each. */
export const executorCommands: CommandGroup = {
  name: 'hearth-executor',
  summary: 'Builds a container image from a Dockerfile, without a daemon.',
  commands: [loginCommand, pushCommand],
}
