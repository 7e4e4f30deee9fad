import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface CommandResult {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number
  readonly signal: NodeJS.Signals | undefined
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

export interface CommandOptions {
  readonly cwd?: string
  /** The whole environment of the child. Default: this process's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Standard input; none means /dev/null. */
  readonly input?: string
  /** Seconds until the child gets SIGTERM, and SIGKILL five seconds later. Default 180. */
  readonly timeout?: number
  /** Told once the child has started, for a test that signals it. */
  readonly onStart?: (pid: number) => void
  /** Told of everything the child prints. */
  readonly onOutput?: (text: string) => void
}

/** Runs a program to its end, whatever its exit code. Rejects only when it cannot be started. */
export async function tryRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { cwd, env, input, timeout = 180, onStart, onOutput } = options
  const started = performance.now()
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      onOutput?.(text)
    })
  }
  child.stdin?.on('error', () => {}).end(input)
  const ended = new Promise<{ code: number; signal: NodeJS.Signals | undefined }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code: code ?? -1, signal: signal ?? undefined }))
  })
  const patience = new AbortController()
  sleep(timeout * 1000, undefined, { signal: patience.signal, ref: false })
    .then(() => child.kill('SIGTERM'))
    .then(() => sleep(5000, undefined, { signal: patience.signal, ref: false }))
    .then(() => child.kill('SIGKILL'))
    .catch(() => {})
  if (child.pid !== undefined) onStart?.(child.pid)
  try {
    return { ...(await ended), ...output, seconds: (performance.now() - started) / 1000 }
  } finally {
    patience.abort()
  }
}

/** Runs a program that must succeed; gives its standard output. The error holds everything it printed. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return succeeded(await tryRun(command, args, options), [command, ...args]).stdout
}

/** Throws unless the exit code is 0; the error shows the command and all its output. */
export function succeeded(result: CommandResult, argv: readonly string[]): CommandResult {
  if (result.code === 0) return result
  const ending = result.signal === undefined ? `exit code ${result.code}` : `ended by ${result.signal}`
  throw new Error(`${argv.join(' ')}: ${ending}\n${result.stdout}${result.stderr}`)
}
