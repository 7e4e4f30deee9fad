import { planFormats } from '../executor-options.ts'
import { executorFlags } from './executor-flags.ts'
import type { Flag } from './flag.ts'

/** Every flag of "hearth-executor plan": those of a build, and how the plan is printed. */
export const planFlags: readonly Flag[] = [
  ...executorFlags.filter(({ name }) => name !== 'dryrun'),
  {
    name: 'format',
    kind: 'text',
    default: 'text',
    choices: planFormats,
    description: 'Form of the plan on standard output',
    group: 'Output',
  },
]
