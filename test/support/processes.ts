import { readdirSync, readFileSync } from 'node:fs'

/** Command lines of the machine's processes with this word among their arguments. */
export function processesWith(argument: string): readonly string[] {
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const argv = commandLine(pid).split('\0')
    if (argv.includes(argument)) found.push(`${pid} ${argv.join(' ')}`)
  }
  return found
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
