import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

// Node 16 must understand this file: it is read before anybody knows which Node is running.

const oldest = { major: 22, minor: 15 }
/** Tells the new process who started it. */
export const starterVariable = 'HEARTH_STARTED_BY'

const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/**
 * When this Node is too old, starts the program again with the one that was installed with it, and never returns: the
 * process ends as the new one does. Otherwise returns at once.
 */
export async function leaveOldNode(): Promise<void> {
  if (isRecent(process.versions.node)) return
  const pinned = pinnedNode()
  if (pinned === undefined) {
    process.stderr.write(tooOld())
    process.exit(1)
  }
  await endAs(pinned, process.argv.slice(1))
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor)
}

/** The node of the package "node-linux-…" that npm installed for this machine, unless it is the one running. */
function pinnedNode(): string | undefined {
  const name = `node-linux-${process.arch}`
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node')
    return realpathSync(path) === realpathSync(process.execPath) ? undefined : path
  } catch {
    return undefined
  }
}

function tooOld(): string {
  const needed = `${oldest.major}.${oldest.minor}`
  return [
    `Error: hearth needs Node ${needed} or newer; this is ${process.version} (${process.execPath})`,
    `  why:   the package node-linux-${process.arch}, which would bring a newer one, is not installed`,
    '  fix:   run "npm ci" (with optional packages) on Linux x64 or arm64, or start it with a newer Node',
    '',
  ].join('\n')
}

function endAs(command: string, args: readonly string[]): Promise<never> {
  return new Promise(() => {
    const env = { ...process.env, [starterVariable]: String(process.pid) }
    const child = spawn(command, [...args], { stdio: 'inherit', env })
    for (const name of forwarded) process.on(name, () => child.kill(name))
    child.on('error', (error) => {
      process.stderr.write(`Error: ${command} cannot be started: ${error.message}\n`)
      process.exit(1)
    })
    child.on('exit', (code, signal) => {
      if (signal === null) process.exit(code ?? 1)
      for (const name of forwarded) process.removeAllListeners(name)
      process.kill(process.pid, signal)
      // Reached only where the signal is ignored.
      process.exit(128 + constants.signals[signal])
    })
  })
}
