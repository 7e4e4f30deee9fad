import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { runSuccessor } from '../src/run/successor.ts'

// Node 16 must understand this file: it is read before anybody knows which Node is running.

const oldest = { major: 22, minor: 15 }
/** Tells the new process who started it. */
export const starterVariable = 'HEARTH_STARTED_BY'

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

async function endAs(command: string, args: readonly string[]): Promise<never> {
  const env = { ...process.env, [starterVariable]: String(process.pid) }
  try {
    const ending = await runSuccessor({ argv: [command, ...args], env })
    if ('code' in ending) return process.exit(ending.code)
    process.kill(process.pid, ending.signal)
    // Reached only where the signal is ignored.
    return process.exit(128 + constants.signals[ending.signal])
  } catch (error) {
    process.stderr.write(`Error: ${command} cannot be started: ${error instanceof Error ? error.message : error}\n`)
    return process.exit(1)
  }
}
