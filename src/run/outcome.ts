import type { IsolatedCommand, RunOptions, RunOutcome } from './isolation.ts'
import type { LaunchReport } from './launch-order.ts'

/** What a launch came to for who wanted the command. One that could not be started ends as shells say it, with a line. */
export function outcomeOf(
  report: Exclude<LaunchReport, { readonly kind: 'failed' }>,
  { argv }: Pick<IsolatedCommand, 'argv'>,
  { onLine }: Pick<RunOptions, 'onLine'>,
): RunOutcome {
  if (report.kind === 'ended') return report.outcome
  onLine('stderr', `${argv[0]}: ${startProblems[report.code] ?? `cannot be started (${report.code})`}`)
  return { exitCode: report.code === 'ENOENT' ? 127 : 126 }
}

const startProblems: Readonly<Record<string, string>> = {
  ENOENT: 'not found (or the interpreter that it names is missing)',
  EACCES: 'permission denied',
  ENOEXEC: 'is no program for this machine',
  E2BIG: 'the arguments and the environment are too long together',
}
