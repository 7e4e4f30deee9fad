import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from '../../hostile/canary.ts'
import { succeeded, tryRun } from '../../support/command.ts'
import { type Lifetime, temporaryDirectory } from '../../support/temp.ts'

/** What is mounted in a machine's root: a file and a directory that can be written, and another filesystem. */
const mounts = [
  'set -eu',
  'mount --bind "$1/machine/hosts" "$1/root/etc/hosts"',
  'mount --bind "$1/machine/secrets" "$1/root/var/run/secrets/tokens"',
  'mount -t tmpfs -o size=65536 tmpfs "$1/root/proc"',
  'printf precious > "$1/root/proc/status"',
  'exec "$2" "$3" "$1" "$4"',
].join('\n')

/**
 * Plays a scene of a child program in the root of a machine that is made for it, where mounts are private and end with
 * the child; gives what it printed. Whatever the scene does, what belongs to the machine must be as before.
 */
export async function onMachine(t: Lifetime, program: string, scene: string): Promise<string> {
  const base = temporaryDirectory(t)
  const root = join(base, 'root')
  for (const directory of ['etc', 'var/run/secrets/tokens', 'proc', 'kaniko/bin', 'kaniko/mounts']) {
    mkdirSync(join(root, directory), { recursive: true })
  }
  writeFileSync(join(root, 'etc/hosts'), '')
  writeFileSync(join(root, 'kaniko/executor'), 'precious', { mode: 0o755 })
  writeFileSync(join(root, 'kaniko/bin/node'), 'precious')
  mkdirSync(join(base, 'machine/secrets'), { recursive: true })
  writeFileSync(join(base, 'machine/hosts'), '127.0.0.1 localhost\n', { mode: 0o644 })
  writeFileSync(join(base, 'machine/secrets/token'), 'precious', { mode: 0o400 })
  chmodSync(join(base, 'machine/secrets'), 0o750)
  const belongings = (): readonly string[] => [
    ...describe(join(base, 'machine')),
    ...describe(join(root, 'kaniko'), (path) => path !== 'mounts').filter((line) => !line.startsWith('/ ')),
  ]
  const before = belongings()
  const shell = ['sh', '-c', mounts, 'sh', base, process.execPath, program, scene]
  const result = await tryRun('unshare', ['--mount', '--propagation', 'private', ...shell])
  assert.deepEqual(belongings(), before, `what belongs to the machine has changed:\n${result.stderr}`)
  return succeeded(result, [program, scene]).stdout
}
