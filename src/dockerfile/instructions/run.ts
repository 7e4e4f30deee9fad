import { readDevice } from '../device.ts'
import { listOf, readFlags } from '../flags.ts'
import { type HeredocMark, heredocBody, heredocMark, type WrittenHeredoc } from '../heredoc.ts'
import { type Heredoc, type RunInstruction, type RunNetwork, runNetworks } from '../instruction.ts'
import { checkMount } from '../mount.ts'
import type { Statement } from '../statement.ts'
import { commandLine } from '../strings.ts'
import { syntaxError } from '../syntax-error.ts'

const flags = {
  mount: { kind: 'list' },
  network: { kind: 'text' },
  security: { kind: 'text' },
  device: { kind: 'list' },
} as const

const securities = ['sandbox', 'insecure'] as const

export function readRun(statement: Statement): RunInstruction {
  const { position, args } = statement
  const options = readOptions(statement)
  const common = { kind: 'RUN', ...position, ...options, heredocs: statement.heredocs.map(heredocOf) } as const
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

type RunOptions = Pick<RunInstruction, 'mounts' | 'network' | 'security' | 'devices'>

function readOptions(statement: Statement): RunOptions {
  const given = readFlags('RUN', statement.flags, flags)
  const mounts = listOf(statement.flags, 'mount')
  for (const mount of mounts) checkMount(mount)
  return {
    mounts,
    network: oneOf<RunNetwork>('network', given.get('network') ?? 'default', runNetworks),
    security: oneOf('security', given.get('security') ?? 'sandbox', securities),
    devices: listOf(statement.flags, 'device').map(readDevice),
  }
}

function oneOf<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const chosen = choices.find((choice) => choice === value)
  if (chosen !== undefined) return chosen
  throw syntaxError(`RUN --${flag}=${value} is not possible`, { why: `it is one of ${choices.join(', ')}` })
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
