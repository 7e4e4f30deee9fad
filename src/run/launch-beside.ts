import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { Pipe } from '../sys/pipe.ts'
import { adoptOrphans } from '../sys/prctl.ts'
import { descendantsOf, listProcesses } from '../sys/processes.ts'
import { killDescendants } from './end-descendants.ts'
import type { OutputStream, RunOptions } from './isolation.ts'
import { converse, lost, openOutput, startLauncher } from './launch.ts'
import { channel, type LaunchReport } from './launch-order.ts'

/** How long the launcher may take to end the command when it is told to, in ms; a command can have stopped it. */
const grace = 3000

const streams: readonly OutputStream[] = ['stdout', 'stderr']

/** A program that carries out orders. */
export interface Launchers {
  readonly program: string
  /** Those at work at the moment, by their process ids. */
  readonly atWork: Set<number>
  /** What a stream of the command's output goes through. Default: a pipe without a name. */
  readonly openPipe?: (stream: OutputStream) => Pipe
}

/**
 * Has an order carried out among the processes of the executor, and gives the report. When it returns or throws, the
 * command and all it has started are gone and all their output has been handed on. `order` is as the program wants it.
 */
export async function launchBeside(
  order: object,
  { onLine, signal }: RunOptions,
  { program, atWork, openPipe }: Launchers,
): Promise<LaunchReport> {
  signal?.throwIfAborted()
  const others = descendantsOf(process.pid, listProcesses()).map(({ pid }) => pid)
  const outputs = streams.map((stream) => openOutput(stream, onLine, openPipe?.(stream)))
  const child = startLauncher(program, outputs, start)
  const pid = child.pid ?? 0
  atWork.add(pid)
  const end = (): void => hangUp(child)
  signal?.addEventListener('abort', end)
  try {
    const report = await converse(child, order)
    atWork.delete(pid)
    // It may have been killed, even by the command: what it watched over is now below this process.
    if (report === undefined) killDescendants(new Set([...others, ...atWork]))
    await Promise.all(outputs.map((output) => output.drain()))
    signal?.throwIfAborted()
    return report ?? lost()
  } finally {
    atWork.delete(pid)
    signal?.removeEventListener('abort', end)
    if (atWork.size === 0) adoptOrphans(false)
  }
}

function start([program = '', ...args]: readonly string[], options: SpawnOptions): ChildProcess {
  adoptOrphans(true)
  return spawn(program, args, options)
}

function hangUp(child: ChildProcess): void {
  child.stdio[channel]?.destroy()
  const timer = setTimeout(() => child.kill('SIGKILL'), grace)
  child.once('exit', () => clearTimeout(timer))
}
