import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HearthError } from '../errors.ts'
import { hasForeignProcesses, inNewPidNamespace } from '../sys/namespaces.ts'
import { openPipe, type Pipe } from '../sys/pipe.ts'
import type { OutputStream, RunOptions } from './isolation.ts'
import { channel, type LaunchOrder, type LaunchReport } from './launch-order.ts'
import { LineCutter } from './lines.ts'
import { findNamespaceTools } from './user-namespace-tools.ts'

/** The program that carries out an order in namespaces. */
export const launcher = join(import.meta.dirname, `launcher${extname(import.meta.filename)}`)

/**
 * A SIGUSR1 would open Node's debugger on the network that the command shares. Warnings would be in the command's output.
 */
export const nodeFlags = ['--disable-sigusr1', '--no-warnings']

/** How long output may stay open after the last process of the command is gone, in ms. */
const drainMs = 1000

/**
 * Has an order carried out in a new PID namespace and gives the report. When it returns or throws, every process of the
 * namespace is gone and all its output has been handed on.
 */
export async function launch(order: LaunchOrder, { onLine, signal }: RunOptions): Promise<LaunchReport> {
  signal?.throwIfAborted()
  const outputs = [openOutput('stdout', onLine), openOutput('stderr', onLine)]
  const throughTool = hasForeignProcesses()
  const child = startLauncher(launcher, outputs, throughTool ? startThroughTool : startDirectly)
  const end = (): void => void (throughTool ? child.stdio[channel]?.destroy() : child.kill('SIGKILL'))
  signal?.addEventListener('abort', end)
  try {
    const report = await converse(child, order, { killed: !throughTool })
    await Promise.all(outputs.map((output) => output.drain()))
    signal?.throwIfAborted()
    return report ?? lost()
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

type Start = (argv: readonly string[], options: SpawnOptions) => ChildProcess

/** Starts a program that takes orders, with a channel and the write ends of these outputs, which are closed here. */
export function startLauncher(program: string, outputs: readonly Output[], start: Start): ChildProcess {
  try {
    return start([process.execPath, ...nodeFlags, program], {
      cwd: '/',
      env: {},
      stdio: ['ignore', ...outputs.map((output) => output.writeEnd), 'pipe'],
      // A signal from the terminal is for the executor, which then decides.
      detached: true,
    })
  } catch (error) {
    for (const output of outputs) output.abandon()
    throw error
  } finally {
    for (const output of outputs) closeSync(output.writeEnd)
  }
}

function startDirectly([program = '', ...args]: readonly string[], options: SpawnOptions): ChildProcess {
  return inNewPidNamespace(() => spawn(program, args, options))
}

/** The tool waits for the launcher, and the launcher's end is that of the namespace. */
function startThroughTool(argv: readonly string[], options: SpawnOptions): ChildProcess {
  const [program = 'unshare', ...args] = findNamespaceTools()?.unshare ?? []
  return spawn(program, [...args, '-p', '-f', ...argv], options)
}

/**
 * Sends the order and waits for the launcher's end; undefined when it ended without a report. With its answer it may be
 * killed, unless the child only waits for it.
 */
export async function converse(
  child: ChildProcess,
  order: object,
  { killed = true }: { readonly killed?: boolean } = {},
): Promise<LaunchReport | undefined> {
  const ended = new Promise<void>((resolve, reject) => child.once('exit', () => resolve()).once('error', reject))
  const connection = child.stdio[channel] as Socket
  let answer = ''
  // The launcher may be gone before it has read everything.
  connection.on('error', () => {})
  connection.setEncoding('utf8').on('data', (text: string) => {
    answer += text
    // Quicker than waiting for Node to put itself away.
    if (killed && answer.endsWith('\n')) child.kill('SIGKILL')
  })
  connection.write(`${JSON.stringify(order)}\n`)
  const closed = new Promise<void>((resolve) => connection.once('close', () => resolve()))
  await Promise.all([ended, closed])
  return answer.endsWith('\n') ? JSON.parse(answer) : undefined
}

export interface Output {
  readonly writeEnd: number
  /** Waits for the end of the output; then the last line has been handed on. */
  drain(): Promise<void>
  abandon(): void
}

export function openOutput(stream: OutputStream, onLine: RunOptions['onLine'], pipe: Pipe = openPipe()): Output {
  const { readEnd, writeEnd } = pipe
  const lines = new LineCutter((line) => onLine(stream, line))
  const reader = new Socket({ fd: readEnd, readable: true, writable: false })
  reader.on('data', (bytes: Buffer) => lines.write(bytes)).on('error', () => reader.destroy())
  const closed = new Promise<void>((resolve) => reader.once('close', () => resolve()))
  const drain = async (): Promise<void> => {
    const patience = new AbortController()
    const giveUp = sleep(drainMs, undefined, { signal: patience.signal }).catch(() => {})
    await Promise.race([closed, giveUp])
    patience.abort()
    reader.destroy()
    lines.end()
  }
  return { writeEnd, drain, abandon: () => reader.destroy() }
}

export function lost(): never {
  throw new HearthError({
    code: 'run-unavailable',
    message: 'The process that watches over the command ended before it',
    why: 'it was killed: from outside, by the command itself, or because memory ran out',
    fix: 'Give the build more memory, or see above for what the command printed last.',
  })
}
