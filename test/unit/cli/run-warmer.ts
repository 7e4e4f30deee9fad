import { runWarmer } from '../../../src/cli/warmer.ts'
import { noInput } from '../../support/no-input.ts'

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Runs the warmer in this process, with text for messages. */
export async function runWarmerWith(argv: readonly string[], o: Surroundings): Promise<Run> {
  const [stdout, stderr]: [string[], string[]] = [[], []]
  const code = await runWarmer({
    command: [],
    argv,
    env: { HOME: '/nonexistent', ...o.env },
    cwd: o.cwd,
    stdin: noInput,
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
    signal: o.signal ?? new AbortController().signal,
  })
  return { code, stdout: stdout.join(''), stderr: stderr.join('') }
}
