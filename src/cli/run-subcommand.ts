import { nearest } from '../nearest.ts'
import { FlagValues } from './flags/flag-values.ts'
import { type Command, helpText } from './flags/help.ts'
import { type LogChoice, logFlags, readLogFlags } from './flags/log-flags.ts'
import { readArguments } from './flags/read-arguments.ts'
import { withUsage, wrongUsage } from './flags/usage.ts'
import type { ProgramInput } from './program.ts'
import { createProgramLog, reportError } from './report.ts'
import type { Subcommand } from './subcommand.ts'

/** The commands behind one word of a program. */
export interface CommandGroup {
  /** With the program: "hearth-executor cache". */
  readonly name: string
  /** What they are about, in a sentence. */
  readonly summary: string
  readonly commands: readonly Subcommand[]
}

/** Runs the command that the first argument names, prints its errors and gives the exit code. */
export async function runSubcommand(
  group: CommandGroup,
  argv: readonly string[],
  input: ProgramInput,
): Promise<number> {
  const { stdout, stderr } = input
  let choice: LogChoice | undefined
  try {
    const command = withUsage(
      () => groupHelp(group),
      () => commandNamed(group, argv[0]),
    )
    if (command === undefined) {
      stdout.write(groupHelp(group))
      return 0
    }
    const help = (): string => helpText(described(group, command))
    const { values, positionals, warnings } = withUsage(help, () => readCall(command, argv.slice(1)))
    if (values.boolean('help')) {
      stdout.write(help())
      return 0
    }
    choice = readLogFlags(values)
    const log = createProgramLog(choice, stderr)
    for (const warning of warnings) log.warn(warning)
    return await command.run({ values, positionals, log, program: input })
  } catch (error) {
    return reportError(error, { stderr, ...(choice === undefined ? {} : { log: choice }) })
  }
}

/** Undefined when only help is wanted. */
function commandNamed({ name, commands }: CommandGroup, word: string | undefined): Subcommand | undefined {
  if (word === undefined) throw wrongUsage(`"${name}" needs a command`)
  if (['help', '--help', '-h'].includes(word)) return undefined
  const found = commands.find((command) => command.name === word)
  if (found !== undefined) return found
  const names = commands.map((command) => command.name)
  const meant = nearest(word, names)
  throw wrongUsage(
    `unknown command "${word}" for "${name}"`,
    meant === undefined ? undefined : `Did you mean ${meant}?`,
  )
}

interface ReadCall {
  readonly values: FlagValues
  readonly positionals: readonly string[]
  readonly warnings: readonly string[]
}

function readCall(command: Subcommand, argv: readonly string[]): ReadCall {
  const flags = [...command.flags, ...logFlags]
  const { given, positionals, warnings } = readArguments(argv, flags)
  const values = new FlagValues(flags, given)
  const surplus = positionals[command.takes.length]
  const missing = command.takes[positionals.length]
  if (!values.boolean('help')) {
    if (surplus !== undefined) throw wrongUsage(`unexpected argument "${surplus}" for "${command.name}"`)
    if (missing !== undefined) throw wrongUsage(`"${command.name}" needs ${missing}`)
  }
  return { values, positionals, warnings }
}

function described(group: CommandGroup, { name, summary, takes, flags }: Subcommand): Command {
  const words = [group.name, name, ...takes]
  return { name: words.join(' '), summary, commands: [], flags: [...flags, ...logFlags] }
}

function groupHelp({ name, summary, commands }: CommandGroup): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`)
  return [summary, '', 'Usage:', `  ${name} <command> [flags]`, '', 'Commands:', ...lines, ''].join('\n')
}
