import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { CommandMount } from './command-mount.ts'
import type { ResolvedUser } from './user.ts'

/** A command of a RUN, ready to be started. */
export interface IsolatedCommand {
  /** Host directory that becomes "/". */
  readonly root: string
  /** A name without a slash is looked up in the PATH of `env`, inside the root. */
  readonly argv: readonly string[]
  /** All that the command sees. */
  readonly env: Readonly<Record<string, string>>
  readonly user: ResolvedUser
  /** Absolute, inside the root; it exists. */
  readonly workdir: string
  /** Executable files that are there for this command only, in /dev/pipes. */
  readonly scripts?: readonly CommandScript[]
  /** What is there for this command only, and leaves no trace in the root. */
  readonly mounts?: readonly CommandMount[]
  /** The machine's network unless said otherwise. */
  readonly network?: CommandNetwork
  /** What the machine is called, where commands can have a name of their own for it. */
  readonly hostname?: string
}

/** The network of the machine, or none but the command's own loopback. */
export type CommandNetwork = 'host' | 'none'

export interface CommandScript {
  /** "/dev/pipes/EOF" */
  readonly path: string
  readonly content: string
}

export type OutputStream = 'stdout' | 'stderr'

export interface RunOptions {
  /** Called for every line of output as it comes, without its line end. */
  onLine(stream: OutputStream, line: string): void
  /** Aborted, it kills everything the command has started; `run` then throws the reason. */
  readonly signal?: AbortSignal
}

/** How a command ended. A signal's number is added to 128 to make the exit code, as shells do. */
export interface RunOutcome {
  readonly exitCode: number
  readonly signal?: NodeJS.Signals
}

/** The root of the machine hearth runs on, used as the root of one stage after the other. */
export interface SharedRoot {
  /** "/" */
  readonly path: string
  /** What in it belongs to the machine and to hearth. Asked before every use, because mounts come and go. */
  ignored(): IgnoredPaths
}

/** Runs commands in root filesystems. When `run` returns, nothing that the command started is left. */
export interface Isolation {
  /** What messages call it: "namespaces". */
  readonly name: string
  /** There where every command has the same root: stages take turns at it. */
  readonly sharedRoot?: SharedRoot
  /** Whether root may do here whatever the kernel lets root do. */
  readonly allowsAll?: boolean
  run(command: IsolatedCommand, options: RunOptions): Promise<RunOutcome>
}
