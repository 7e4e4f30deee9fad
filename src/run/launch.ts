import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HearthError } from '../errors.ts'
import { inNewPidNamespace } from '../sys/namespaces.ts'
import { openPipe } from '../sys/pipe.ts'
import type { OutputStream, RunOptions } from './isolation.ts'
import { channel, type LaunchOrder, type LaunchReport } from './launch-order.ts'
import { LineCutter } from './lines.ts'

const launcher = join(import.meta.dirname, `launcher${extname(import.meta.filename)}`)

/**
 * A SIGUSR1 would open Node's debugger on the network that the command shares. Warnings would be in the command's output.
 */
const nodeFlags = ['--disable-sigusr1', '--no-warnings']

/** How long output may stay open after the last process of the command is gone, in ms. */
const drainMs = 1000

/**
 * Has an order carried out in a new PID namespace and gives the report. When it returns or throws, every process of the
 * namespace is gone and all its output has been handed on.
 */
export async function launch(order: LaunchOrder, { onLine, signal }: RunOptions): Promise<LaunchReport> {
  signal?.throwIfAborted()
  const outputs = [openOutput('stdout', onLine), openOutput('stderr', onLine)]
  const child = startLauncher(outputs)
  const kill = (): void => void child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  try {
    const report = await converse(child, order)
    await Promise.all(outputs.map((output) => output.drain()))
    signal?.throwIfAborted()
    return report ?? lost()
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

function startLauncher(outputs: readonly Output[]): ChildProcess {
  try {
    return inNewPidNamespace(() =>
      spawn(process.execPath, [...nodeFlags, launcher], {
        cwd: '/',
        env: {},
        stdio: ['ignore', ...outputs.map((output) => output.writeEnd), 'pipe'],
        // A signal from the terminal is for the executor, which then decides.
        detached: true,
      }),
    )
  } catch (error) {
    for (const output of outputs) output.abandon()
    throw error
  } finally {
    for (const output of outputs) closeSync(output.writeEnd)
  }
}

/** Sends the order and waits for the launcher's end; undefined when it ended without a report. */
async function converse(child: ChildProcess, order: LaunchOrder): Promise<LaunchReport | undefined> {
  const ended = new Promise<void>((resolve, reject) => child.once('exit', () => resolve()).once('error', reject))
  const connection = child.stdio[channel] as Socket
  let answer = ''
  // The launcher may be gone before it has read everything.
  connection.on('error', () => {})
  connection.setEncoding('utf8').on('data', (text: string) => {
    answer += text
    // Quicker than waiting for Node to put itself away.
    if (answer.endsWith('\n')) child.kill('SIGKILL')
  })
  connection.write(`${JSON.stringify(order)}\n`)
  const closed = new Promise<void>((resolve) => connection.once('close', () => resolve()))
  await Promise.all([ended, closed])
  return answer.endsWith('\n') ? JSON.parse(answer) : undefined
}

interface Output {
  readonly writeEnd: number
  /** Waits for the end of the output; then the last line has been handed on. */
  drain(): Promise<void>
  abandon(): void
}

function openOutput(stream: OutputStream, onLine: RunOptions['onLine']): Output {
  const { readEnd, writeEnd } = openPipe()
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

function lost(): never {
  throw new HearthError({
    code: 'run-unavailable',
    message: 'The process that watches over the command ended before it',
    why: 'it was killed from outside, perhaps because memory ran out',
    fix: 'Give the build more memory, or see above for what the command printed last.',
  })
}
