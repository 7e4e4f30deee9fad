import { constants } from 'node:os'
import type { Program } from '../src/cli/program.ts'
import { HearthError } from '../src/errors.ts'
import { endWithParent } from '../src/sys/parent-death.ts'
import { starterVariable } from './pinned-node.ts'

/** How long an interrupted program may take to clean up. */
const patienceMs = 10_000

/** Signals closer together than this are one: a terminal signals the whole group, and parents hand on what they got. */
const sameSignalMs = 250

/** Runs a command in this process and ends the process with its exit code; 128 + n after signal n. */
export async function runProgram(program: Program): Promise<never> {
  endWithStarter()
  ignoreBrokenPipes()
  const interruption = listenForSignals()
  const { argv, env, execArgv, execPath, stdout, stderr } = process
  const { signal } = interruption
  const code = await program({
    command: [execPath, ...execArgv, ...argv.slice(1, 2)],
    argv: argv.slice(2),
    env,
    cwd: workingDirectory(),
    stdin: () => process.stdin,
    stdout,
    stderr,
    signal,
  })
  return process.exit(interruption.exitCode() ?? code)
}

interface Interruption {
  readonly signal: AbortSignal
  readonly exitCode: () => number | undefined
}

function listenForSignals(): Interruption {
  const controller = new AbortController()
  let exitCode: number | undefined
  let firstAt = 0
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(name, () => {
      const code = 128 + constants.signals[name]
      if (exitCode === undefined) {
        exitCode = code
        firstAt = Date.now()
        setTimeout(() => process.exit(code), patienceMs).unref()
        controller.abort(new HearthError({ code: 'interrupted', message: `Interrupted by ${name}`, exitCode: code }))
      } else if (Date.now() - firstAt > sameSignalMs) {
        process.exit(code)
      }
    })
  }
  return { signal: controller.signal, exitCode: () => exitCode }
}

/** A directory that is gone has no name; paths are then taken from the root. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}

/** When an older Node started this one (see pinned-node.ts) and is killed outright, nobody else would end the work. */
function endWithStarter(): void {
  if (process.env[starterVariable] === String(process.ppid)) endWithParent()
}

/** Whoever read our output may be gone; that is no reason to stop the work, nor to show a stack. */
function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
