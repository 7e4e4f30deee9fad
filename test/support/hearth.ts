import { type CommandOptions, type CommandResult, succeeded, tryRun } from './command.ts'
import { executorPath, warmerPath } from './dist.ts'
import { runIn, type Surroundings } from './isolated.ts'

/** What a build started by a test inherits: no credentials, no proxies, nothing of the machine's own set-up. */
const cleanEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/nonexistent',
  DOCKER_CONFIG: '/nonexistent',
  LANG: 'C.UTF-8',
}

export interface HearthOptions extends CommandOptions {
  /** Mounts only the program sees. */
  readonly surroundings?: Surroundings
  /** The program that it is started by, with its arguments. */
  readonly under?: readonly string[]
}

/** Runs the compiled executor in a process of its own. `env` is added to a clean environment. */
export function hearth(args: readonly string[], options: HearthOptions = {}): Promise<CommandResult> {
  return program(executorPath, args, options)
}

/** Runs the compiled warmer in a process of its own. */
export function warmer(args: readonly string[], options: HearthOptions = {}): Promise<CommandResult> {
  return program(warmerPath, args, options)
}

/** Runs the executor, which must succeed. */
export async function build(args: readonly string[], options: HearthOptions = {}): Promise<CommandResult> {
  return succeeded(await hearth(args, options), ['hearth-executor', ...args])
}

/** Runs the warmer, which must succeed. */
export async function warm(args: readonly string[], options: HearthOptions = {}): Promise<CommandResult> {
  return succeeded(await warmer(args, options), ['hearth-warmer', ...args])
}

function program(path: string, args: readonly string[], options: HearthOptions): Promise<CommandResult> {
  const [first = '', ...argv] = [...(options.under ?? []), process.execPath, path, ...args]
  const clean = { ...options, env: { ...cleanEnvironment, ...options.env } }
  if (options.surroundings !== undefined) return runIn(options.surroundings, [first, ...argv], clean)
  return tryRun(first, argv, clean)
}

export interface CacheSummary {
  readonly local: number
  readonly remote: number
  readonly misses: number
}

/** The counts of the executor's line "cache: 2 hits (local 1, remote 1), 0 misses". */
export function cacheSummary(result: CommandResult): CacheSummary {
  const found = /cache: \d+ hits? \(local (\d+), remote (\d+)\), (\d+) miss/.exec(result.stdout + result.stderr)
  if (found === null) throw new Error(`no cache summary in:\n${result.stdout}${result.stderr}`)
  return { local: Number(found[1]), remote: Number(found[2]), misses: Number(found[3]) }
}
