import { errorChoices, lintFormats } from '../lint-options.ts'
import { executorFlags } from './executor-flags.ts'
import type { Flag } from './flag.ts'
import { logFlags } from './log-flags.ts'

/** The executor's flag of that name, which means the same here. */
function shared(name: string, more: Partial<Flag> = {}): readonly Flag[] {
  return executorFlags.filter((flag) => flag.name === name).map((flag) => ({ ...flag, ...more }))
}

/** Every flag of "hearth-executor lint", in the order of its help. */
export const lintFlags: readonly Flag[] = [
  ...shared('dockerfile'),
  ...shared('context', { default: '.', description: 'Directory whose ignore file counts: a path or dir://path' }),
  ...shared('build-arg'),
  ...shared('build-context'),
  ...shared('target', { description: 'Look at this stage and those it needs only; repeatable' }),
  ...shared('custom-platform'),
  {
    name: 'format',
    kind: 'text',
    default: 'text',
    choices: lintFormats,
    description: 'Form of the findings on standard output',
    group: 'Output',
  },
  {
    name: 'error-on',
    kind: 'text',
    default: 'any',
    choices: errorChoices,
    description: 'Findings that make the exit code 1; checks are those BuildKit has, too',
    group: 'Output',
  },
  ...logFlags,
]
