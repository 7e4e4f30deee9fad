import { type ChildProcess, spawn } from 'node:child_process'
import { fchownSync } from 'node:fs'
import { constants } from 'node:os'
import { messageOf, systemCode } from '../errors.ts'
import { asIdentity } from '../sys/identity.ts'
import { limitOpenFiles } from '../sys/limits.ts'
import type { LaunchOrder, LaunchReport } from './launch-order.ts'

/** The soft limit the kernel starts with; Node raises its own to the hard one. */
const usualOpenFiles = 1024n

/** Failures to start that are the machine's, not the program's. */
const machineFailures = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']

/** Sets what a program inherits from the process that starts it. */
export function prepareProcess({ user, workdir }: Pick<LaunchOrder, 'user' | 'workdir'>): void {
  limitOpenFiles(usualOpenFiles)
  process.umask(0o022)
  process.chdir(workdir)
  // /dev/stdout can be opened again only by the owner of the pipe.
  for (const output of [1, 2]) fchownSync(output, user.uid, user.gid)
}

/**
 * Starts the command as its user, in a session of its own, with the launcher's output streams; hands on how it ended or
 * why it could not be started.
 */
export function startCommand(
  { argv, env, user }: Pick<LaunchOrder, 'argv' | 'env' | 'user'>,
  onEnd: (report: LaunchReport) => void,
): ChildProcess | undefined {
  const [program = '', ...args] = argv
  try {
    const command = asIdentity(user, () => spawn(program, args, { env, stdio: ['ignore', 1, 2], detached: true }))
    command.on('error', (error) => onEnd(startFailure(error)))
    command.on('exit', (code, signal) => onEnd(ending(code, signal)))
    return command
  } catch (error) {
    onEnd(startFailure(error))
    return undefined
  }
}

function startFailure(error: unknown): LaunchReport {
  const code = systemCode(error) ?? ''
  if (machineFailures.includes(code) || !isOfSpawn(error)) return { kind: 'failed', code, message: messageOf(error) }
  return { kind: 'not-started', code }
}

/** Becoming the user can fail, too. */
function isOfSpawn(error: unknown): boolean {
  const call = typeof error === 'object' && error !== null && 'syscall' in error ? String(error.syscall) : ''
  return call.startsWith('spawn')
}

function ending(code: number | null, signal: NodeJS.Signals | null): LaunchReport {
  if (signal === null) return { kind: 'ended', outcome: { exitCode: code ?? 0 } }
  return { kind: 'ended', outcome: { exitCode: 128 + constants.signals[signal], signal } }
}
