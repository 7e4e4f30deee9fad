import { spawn } from 'node:child_process'

// Node 16 must understand this file: bin/pinned-node.ts uses it.

/** How a process that took over has ended. */
export type Ending = { readonly code: number } | { readonly signal: NodeJS.Signals }

const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** Signals that are handed on to a process that took over. */
export function isHandedOn(signal: NodeJS.Signals): boolean {
  return (forwarded as readonly string[]).includes(signal)
}

export interface Succession {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told once it has started. */
  readonly onStart?: (pid: number | undefined) => void
}

/**
 * Starts a program that takes over: with the same streams and working directory, and with the signals that this process
 * gets until it ends. Rejects when it cannot be started.
 */
export function runSuccessor({ argv, env, onStart }: Succession): Promise<Ending> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { env: { ...env }, stdio: 'inherit' })
  const handOn = forwarded.map((name) => [name, () => void child.kill(name)] as const)
  for (const [name, kill] of handOn) process.on(name, kill)
  if (onStart !== undefined) onStart(child.pid)
  const ending = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 1 } : { signal }))
  })
  return ending.finally(() => {
    for (const [name, kill] of handOn) process.off(name, kill)
  })
}
