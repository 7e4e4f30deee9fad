import { readFlags } from '../flags.ts'
import { type HeredocMark, heredocBody, heredocMark, type WrittenHeredoc } from '../heredoc.ts'
import type { Heredoc, RunInstruction } from '../instruction.ts'
import type { Statement } from '../statement.ts'
import { commandLine } from '../strings.ts'
import { syntaxError } from '../syntax-error.ts'

const flags = {
  mount: { kind: 'list', idle: [] },
  // Commands run on the machine's network as it is.
  network: { kind: 'text', idle: ['default', 'host'] },
  security: { kind: 'text', idle: ['sandbox'] },
  device: { kind: 'list', idle: [] },
} as const

export function readRun(statement: Statement): RunInstruction {
  const { position, args } = statement
  readFlags('RUN', statement.flags, flags)
  const common = { kind: 'RUN', ...position, heredocs: statement.heredocs.map(heredocOf) } as const
  const [only] = statement.heredocs
  if (only === undefined) {
    const command = commandLine(args)
    const isEmpty = command.form === 'exec' ? command.argv.length === 0 : command.command === ''
    if (isEmpty) throw syntaxError('RUN needs a command')
    return { ...common, ...command }
  }
  if (loneMark(args) === undefined) return { ...common, form: 'shell', command: withDocuments(statement) }
  const body = heredocBody(only)
  if (body.startsWith('#!')) return { ...common, form: 'script', name: only.name, body }
  return { ...common, form: 'shell', command: body }
}

export function heredocOf(written: WrittenHeredoc): Heredoc {
  const { name, expand, chomp } = written
  return { name, body: heredocBody(written), expand, chomp }
}

/** A heredoc that is the whole command. */
function loneMark(args: string): HeredocMark | undefined {
  try {
    return heredocMark(args)
  } catch {
    return undefined
  }
}

/** The command as the shell reads it: its line, and its documents below. */
function withDocuments({ args, heredocs }: Statement): string {
  return args + heredocs.map(({ lines, name }) => `\n${lines}${name}`).join('')
}
