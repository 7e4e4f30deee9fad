import type { CommandOptions, CommandResult } from './command.ts'
import { tryRun } from './command.ts'

/** How the machine looks to one program: what is mounted where, in a mount namespace that ends with it. */
export interface Surroundings {
  /** Directories that cannot be written. */
  readonly readOnly?: readonly string[]
  /** Directories that hold only so many bytes. */
  readonly tiny?: readonly { readonly directory: string; readonly bytes: number }[]
  /** Host names that mean 127.0.0.1. */
  readonly hosts?: readonly string[]
}

/** Runs a program in surroundings of its own; nothing of them is seen outside. */
export function runIn(
  surroundings: Surroundings,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { readOnly = [], tiny = [], hosts = [] } = surroundings
  const script = [
    'set -eu',
    ...readOnly.map((path) => `mount --bind ${quoted(path)} ${quoted(path)}; mount -o remount,bind,ro ${quoted(path)}`),
    ...tiny.map(({ directory, bytes }) => `mount -t tmpfs -o size=${bytes} tmpfs ${quoted(directory)}`),
    ...(hosts.length === 0 ? [] : hostLines(hosts)),
    'exec "$@"',
  ]
  const inside = ['sh', '-c', script.join('\n'), 'sh', ...argv]
  return tryRun('unshare', ['--mount', '--propagation', 'private', ...inside], options)
}

function hostLines(hosts: readonly string[]): readonly string[] {
  const lines = ['127.0.0.1 localhost', ...hosts.map((host) => `127.0.0.1 ${host}`)]
  return [
    'file=$(mktemp)',
    `printf '%s\\n' ${lines.map(quoted).join(' ')} > "$file"`,
    'mount --bind "$file" /etc/hosts',
    'rm "$file"',
  ]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
