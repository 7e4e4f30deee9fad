import type { Device } from './device.ts'

/**
 * The typed instructions of a Dockerfile. A "raw" word still has its quotes, escapes and variables: `expandWord` turns it
 * into its value once the scope is known. Everything else is final.
 */

/** The escape character of a Dockerfile, chosen by its `# escape=` directive. */
export type EscapeCharacter = '\\' | '`'

/** Where an instruction stands. */
export interface Position {
  /** First line, counted from 1. */
  readonly line: number
  /** Last line, heredoc bodies included. */
  readonly endLine: number
  /** The instruction as written, joined to one line: flags kept, continuations, comments and heredoc bodies left out. */
  readonly text: string
}

/** A command as the Dockerfile gives it. Neither form is expanded by the builder. */
export type CommandLine =
  | { readonly form: 'shell'; readonly command: string }
  | { readonly form: 'exec'; readonly argv: readonly string[] }

/** A document written into the Dockerfile with `<<NAME`. */
export interface Heredoc {
  readonly name: string
  /** Every line with its line end; leading tabs are already gone where `chomp` asked for it. */
  readonly body: string
  /** False when the name was quoted: variables in the body stay as they are. */
  readonly expand: boolean
  /** Written with `<<-`. */
  readonly chomp: boolean
}

export interface FromInstruction extends Position {
  readonly kind: 'FROM'
  /** Raw. */
  readonly image: string
  /** Raw. */
  readonly platform: string | undefined
  /** The stage's name in lower case. */
  readonly as: string | undefined
}

/** What a command sees of the network: what the builder has for it, nothing, or what the machine has. */
export const runNetworks = ['default', 'none', 'host'] as const
export type RunNetwork = (typeof runNetworks)[number]

/**
 * `form: 'shell'` holds what the shell is to run: the body of a lone heredoc, or the command with its heredocs below it.
 * `form: 'script'` is a lone heredoc that starts with "#!": a file to execute by itself, without the shell.
 */
export type RunInstruction = Position & {
  readonly kind: 'RUN'
  readonly heredocs: readonly Heredoc[]
  /** Raw: each as it is written, for `readMount`. */
  readonly mounts: readonly string[]
  readonly network: RunNetwork
  /** What the command may do: what commands usually may, or all that root may. */
  readonly security: 'sandbox' | 'insecure'
  readonly devices: readonly Device[]
} & (CommandLine | { readonly form: 'script'; readonly name: string; readonly body: string })

interface FileInstruction extends Position {
  /** Raw; without the heredocs. Empty when every source is a heredoc. */
  readonly sources: readonly string[]
  /** The sources written in place, each a file called `name`. */
  readonly heredocs: readonly Heredoc[]
  /** Raw. A trailing slash counts. */
  readonly destination: string
  /** Raw: "user", "user:group". */
  readonly chown: string | undefined
  /** Raw: octal or symbolic. */
  readonly chmod: string | undefined
  /** `--link`: the files go to a layer of their own that knows nothing of what is below. */
  readonly link: boolean
  /** Raw: patterns of what is not copied, each below a source. */
  readonly exclude: readonly string[]
}

export interface CopyInstruction extends FileInstruction {
  readonly kind: 'COPY'
  /** Stage name, stage index or image; never holds a variable. */
  readonly from: string | undefined
  /** Sources keep the directories they are written with. */
  readonly parents: boolean
}

export interface AddInstruction extends FileInstruction {
  readonly kind: 'ADD'
  /** Raw: "sha256:…", or the digits of a commit. */
  readonly checksum: string | undefined
  /** Whether archives are unpacked; undefined for those of the context, not of the web. */
  readonly unpack: boolean | undefined
  /** `--keep-git-dir` */
  readonly keepGitDirectory: boolean
}

/** A raw name and its raw value. */
export type RawPair = readonly [name: string, value: string]

export interface EnvInstruction extends Position {
  readonly kind: 'ENV'
  readonly pairs: readonly RawPair[]
}

export interface LabelInstruction extends Position {
  readonly kind: 'LABEL'
  readonly pairs: readonly RawPair[]
}

export interface ArgInstruction extends Position {
  readonly kind: 'ARG'
  /** Raw names, each with its raw default or undefined. */
  readonly args: readonly (readonly [name: string, defaultValue: string | undefined])[]
}

/** One raw value, blanks included. */
export interface ValueInstruction extends Position {
  readonly kind: 'WORKDIR' | 'USER' | 'STOPSIGNAL'
  readonly value: string
}

/** Raw values in the order written. EXPOSE expands each to several words, VOLUME to one. */
export interface ListInstruction extends Position {
  readonly kind: 'EXPOSE' | 'VOLUME'
  readonly values: readonly string[]
}

/** `CMD []` and `ENTRYPOINT []` have an empty argv. */
export type CmdInstruction = Position & { readonly kind: 'CMD' } & CommandLine
export type EntrypointInstruction = Position & { readonly kind: 'ENTRYPOINT' } & CommandLine

export interface ShellInstruction extends Position {
  readonly kind: 'SHELL'
  /** At least one word. */
  readonly argv: readonly string[]
}

/** Durations in nanoseconds; 0 stands for "not given", as in an image configuration. */
export interface HealthcheckTimes {
  readonly interval: number
  readonly timeout: number
  readonly startPeriod: number
  readonly startInterval: number
  readonly retries: number
}

export type HealthcheckInstruction = Position & { readonly kind: 'HEALTHCHECK' } & (
    | { readonly none: true }
    | ({ readonly none: false } & CommandLine & HealthcheckTimes)
  )

/** What ONBUILD may hold. */
export type TriggerInstruction = Exclude<Instruction, OnBuildInstruction | MaintainerInstruction>

export interface OnBuildInstruction extends Position {
  readonly kind: 'ONBUILD'
  /** As an image configuration stores it, heredoc bodies included. */
  readonly trigger: string
  readonly instruction: TriggerInstruction
}

export interface MaintainerInstruction extends Position {
  readonly kind: 'MAINTAINER'
  readonly name: string
}

/** Everything a stage can hold below its FROM. */
export type Instruction =
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | EnvInstruction
  | LabelInstruction
  | ArgInstruction
  | ValueInstruction
  | ListInstruction
  | CmdInstruction
  | EntrypointInstruction
  | ShellInstruction
  | HealthcheckInstruction
  | OnBuildInstruction
  | MaintainerInstruction

/** "Dockerfile:12: COPY a b", the `where` of every error about an instruction. */
export function whereOf(dockerfile: string, position: Pick<Position, 'line' | 'text'>): string {
  return `${dockerfile}:${position.line}: ${position.text}`
}
