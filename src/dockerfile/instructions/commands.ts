import { readFlags } from '../flags.ts'
import type { CmdInstruction, EntrypointInstruction, ShellInstruction } from '../instruction.ts'
import type { Statement } from '../statement.ts'
import { commandLine, jsonStrings } from '../strings.ts'
import { syntaxError } from '../syntax-error.ts'

export function readCmd(statement: Statement): CmdInstruction {
  readFlags('CMD', statement.flags, {})
  return { kind: 'CMD', ...statement.position, ...commandLine(statement.args) }
}

export function readEntrypoint(statement: Statement): EntrypointInstruction {
  readFlags('ENTRYPOINT', statement.flags, {})
  return { kind: 'ENTRYPOINT', ...statement.position, ...commandLine(statement.args) }
}

export function readShell(statement: Statement): ShellInstruction {
  readFlags('SHELL', statement.flags, {})
  const argv = jsonStrings(statement.args)
  if (argv !== undefined && argv.length > 0) return { kind: 'SHELL', ...statement.position, argv }
  if (argv !== undefined || statement.args === '') throw syntaxError('SHELL needs at least one argument')
  throw syntaxError('SHELL needs its arguments as a JSON array', { fix: 'Write it like SHELL ["/bin/sh", "-c"].' })
}
