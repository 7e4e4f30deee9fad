/** Something to write text to, for example a stream of the process. */
export interface Sink {
  write(text: string): unknown
}

/** What a command is given by `bin`: everything it takes from its process. */
export interface ProgramInput {
  /** How the program was started: the interpreter with its flags, and the script. */
  readonly command: readonly string[]
  /** Without the names of interpreter and script. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** What comes in from outside, if there is anything. */
  readonly stdin?: () => AsyncIterable<Uint8Array>
  readonly stdout: Sink
  readonly stderr: Sink
  /** Aborted, with a HearthError "interrupted" as its reason, when the command shall end. */
  readonly signal: AbortSignal
}

/** A command: does its work, prints its own errors and gives the exit code. */
export type Program = (input: ProgramInput) => Promise<number>
