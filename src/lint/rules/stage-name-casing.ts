import type { Rule } from '../rule.ts'
import { asWritten } from '../written.ts'

/** Names of stages do not depend on case, so that small letters tell them from keywords. */
export const stageNameCasing: Rule = {
  name: 'StageNameCasing',
  origin: 'buildkit',
  find: ({ dockerfile }) =>
    dockerfile.stages.flatMap(({ from }) => {
      const name = asWritten(from)?.name
      if (name === undefined || name === name.toLowerCase()) return []
      return [{ position: from, message: `the stage name "${name}" should be in lower case`, words: [name] }]
    }),
}
