import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandOptions, type CommandResult, tryRun } from './command.ts'

export interface OrdinaryUser {
  /** Belongs to the user, who has no other place to write to. */
  readonly home: string
  /** Runs a program as the user, with nothing in its environment but PATH, HOME, TMPDIR and what is given. */
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>
}

export interface OrdinaryUserOptions {
  /** Below it is the user's home; everybody may look into it from now on. */
  readonly directory: string
  /** Text of /etc/subuid and /etc/subgid. */
  readonly subordinateIds?: string
  /** Nothing that a program of the user starts outlives it, and there is somebody to bury what it leaves behind. */
  readonly ownProcesses?: boolean
}

const id = 54321

/** A user "eve" whom only her own programs see: in a copy of /etc that is mounted over the machine's. */
export function ordinaryUser(options: OrdinaryUserOptions): OrdinaryUser {
  const { directory, subordinateIds = 'eve:200000:65536\n', ownProcesses = false } = options
  const own = mkdtempSync(join(directory, 'user-'))
  const [home, etc] = [join(own, 'home'), join(own, 'etc')]
  mkdirSync(home)
  chownSync(home, id, id)
  for (const open of [directory, own]) chmodSync(open, 0o755)
  cpSync('/etc', etc, { recursive: true })
  writeFileSync(join(etc, 'passwd'), `root:x:0:0::/root:/bin/sh\neve:x:${id}:${id}::${home}:/bin/sh\n`)
  for (const name of ['subuid', 'subgid']) writeFileSync(join(etc, name), subordinateIds)
  const script = `set -eu
mount --bind '${etc}' /etc
exec setpriv --reuid ${id} --regid ${id} --clear-groups env -i PATH="$PATH" HOME='${home}' TMPDIR='${home}' "$@"`
  const processes = ownProcesses ? ['--pid', '--fork', '--kill-child', '--mount-proc', 'catatonit', '--'] : []
  const outer = ['--mount', '--propagation', 'private', ...processes, 'sh', '-c', script, 'sh']
  return {
    home,
    run: (argv, { env = {}, ...rest } = {}) => {
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
      return tryRun('unshare', [...outer, ...variables, ...argv], { cwd: '/', ...rest })
    },
  }
}
