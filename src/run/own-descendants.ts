import { adoptOrphans } from '../sys/prctl.ts'
import { endDescendants } from './end-descendants.ts'
import type { LaunchReport } from './launch-order.ts'

/** A command that signals every process it can means those of the image. */
const shrugged: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM']

/** Does what a PID namespace would do: what the command starts stays below this process, which itself goes on. */
export function keepDescendants(): void {
  for (const signal of shrugged) process.on(signal, () => {})
  adoptOrphans(true)
}

/** Ends all that the command has started; gives the report, or that something could not be ended. */
export function afterDescendants(answer: LaunchReport): LaunchReport {
  const left = endDescendants()
  if (left.length === 0) return answer
  const message = `the command has ended, but processes it started could not be ended: ${left.join(', ')}`
  return { kind: 'failed', code: 'EPERM', message }
}
