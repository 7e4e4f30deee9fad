import type { Rule } from '../rule.ts'
import { asWritten } from '../written.ts'

const reserved = ['context', 'scratch']

/** Names that mean something else to FROM and --from. */
export const reservedStageName: Rule = {
  name: 'ReservedStageName',
  origin: 'buildkit',
  find: ({ dockerfile }) =>
    dockerfile.stages.flatMap(({ name, from }) => {
      if (name === undefined || !reserved.includes(name)) return []
      const message = `"${name}" is a reserved name; call the stage otherwise`
      return [{ position: from, message, words: [asWritten(from)?.name ?? name] }]
    }),
}
