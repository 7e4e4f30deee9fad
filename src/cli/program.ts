/** Something to write text to, for example a stream of the process. */
export interface Sink {
  write(text: string): unknown
}

/** Where a process is given bytes. */
export interface StandardInput {
  /** Whether somebody sits there who is not going to type an archive. */
  isTerminal(): boolean
  /** Its bytes; nobody else reads them. */
  open(): AsyncIterable<Uint8Array>
}

/** What a command is given by `bin`: everything it takes from its process. */
export interface ProgramInput {
  /** How the program was started: the interpreter with its flags, and the script. */
  readonly command: readonly string[]
  /** Without the names of interpreter and script. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: StandardInput
  readonly stdout: Sink
  readonly stderr: Sink
  /** Aborted, with a HearthError "interrupted" as its reason, when the command shall end. */
  readonly signal: AbortSignal
}

/** A command: does its work, prints its own errors and gives the exit code. */
export type Program = (input: ProgramInput) => Promise<number>
