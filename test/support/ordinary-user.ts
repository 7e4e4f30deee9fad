import { chmodSync, chownSync, cpSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandOptions, type CommandResult, tryRun } from './command.ts'

export const ordinaryUser = { name: 'eve', id: 54321 } as const

export interface UserOptions extends CommandOptions {
  /** Text of /etc/subuid and /etc/subgid. Default: 65,536 ids. */
  readonly subordinateIds?: string
  /** Where programs are looked up. Default: this process's own PATH. */
  readonly path?: string
  /** Nothing that a program of the user starts outlives it, and there is somebody to bury what it leaves behind. */
  readonly ownProcesses?: boolean
}

/** What an ordinary user needs: a directory below `directory`, owned by the user and reached by everybody. */
export function makeHome(directory: string): string {
  const home = mkdtempSync(join(directory, 'home-'))
  chownSync(home, ordinaryUser.id, ordinaryUser.id)
  for (const open of [home, directory]) chmodSync(open, 0o755)
  return home
}

/**
 * Runs a program as a user that only it sees, in a copy of /etc below `home` which is mounted over the machine's. Its
 * environment is PATH, TMPDIR, HOME and what is given.
 */
export async function runAsUser(
  home: string,
  argv: readonly string[],
  options: UserOptions = {},
): Promise<CommandResult> {
  const { name, id } = ordinaryUser
  const {
    subordinateIds = `${name}:200000:65536\n`,
    path = process.env.PATH ?? '',
    ownProcesses,
    env,
    ...more
  } = options
  const etc = mkdtempSync(`${home}-etc-`)
  chmodSync(etc, 0o755)
  cpSync('/etc', etc, { recursive: true })
  writeFileSync(join(etc, 'passwd'), `root:x:0:0::/root:/bin/sh\n${name}:x:${id}:${id}::${home}:/bin/sh\n`)
  for (const file of ['subuid', 'subgid']) writeFileSync(join(etc, file), subordinateIds)
  const become = `exec setpriv --reuid ${id} --regid ${id} --clear-groups env -i PATH='${path}' TMPDIR='${home}' HOME='${home}' "$@"`
  const script = `set -eu; mount --bind '${etc}' /etc; ${become}`
  const processes = ownProcesses === true ? ['--pid', '--fork', '--kill-child', '--mount-proc', 'catatonit', '--'] : []
  const variables = Object.entries(env ?? {}).map(([variable, value]) => `${variable}=${value}`)
  const inside = ['sh', '-c', script, 'sh', ...variables, ...argv]
  return tryRun('unshare', ['--mount', '--propagation', 'private', ...processes, ...inside], { cwd: '/', ...more })
}
