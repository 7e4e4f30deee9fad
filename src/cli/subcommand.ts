import type { Log } from '../log.ts'
import type { Flag } from './flags/flag.ts'
import type { FlagValues } from './flags/flag-values.ts'
import type { ProgramInput } from './program.ts'

/** One of the commands that stand behind a word of a program, such as the "ls" of "hearth-executor cache ls". */
export interface Subcommand {
  readonly name: string
  /** What it does, in a sentence. */
  readonly summary: string
  /** What it takes besides flags, one name for each, as its usage shows them: "<layout>". */
  readonly takes: readonly string[]
  /** Without those of the log, which every command has. */
  readonly flags: readonly Flag[]
  /** Gives the exit code; errors are thrown. */
  run(call: SubcommandCall): Promise<number>
}

/** What a command was called with. */
export interface SubcommandCall {
  readonly values: FlagValues
  /** As many as the command takes. */
  readonly positionals: readonly string[]
  readonly log: Log
  readonly program: ProgramInput
}
