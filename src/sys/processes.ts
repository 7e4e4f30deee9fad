import { readdirSync, readFileSync } from 'node:fs'
import { systemCode } from '../errors.ts'

export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  /** It has ended, and its parent has not yet asked how. */
  readonly ended: boolean
}

/** The processes that /proc shows at this moment. */
export function listProcesses(): readonly ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    const text = statusOf(pid)
    return text === undefined ? [] : [parseStatus(text)]
  })
}

/** Those of `processes` that a process has started, and what these have; without `spared` ones and theirs. */
export function descendantsOf(
  pid: number,
  processes: readonly ProcessEntry[],
  spared: ReadonlySet<number> = new Set(),
): readonly ProcessEntry[] {
  const found: ProcessEntry[] = []
  const waiting = [pid]
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    const children = processes.filter((process) => process.parent === parent && !spared.has(process.pid))
    found.push(...children)
    waiting.push(...children.map((child) => child.pid))
  }
  return found
}

/** Processes end at any time. */
function statusOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}

/** "12 (a name) with blanks) S 1 ...": the name ends at the last parenthesis. */
function parseStatus(text: string): ProcessEntry {
  const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { pid: Number.parseInt(text, 10), parent: Number(parent), ended: 'ZX'.includes(state) }
}
