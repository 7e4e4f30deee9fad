import type { Rule } from '../rule.ts'
import { asWritten } from '../written.ts'

export const duplicateStageName: Rule = {
  name: 'DuplicateStageName',
  origin: 'buildkit',
  find: ({ dockerfile }) =>
    dockerfile.stages.flatMap(({ name, from }, index) => {
      const first = dockerfile.stages.slice(0, index).find((other) => other.name === name)
      if (name === undefined || first === undefined) return []
      const message = `the stage name "${name}" is taken by line ${first.from.line}`
      return [{ position: from, message, words: [asWritten(from)?.name ?? name] }]
    }),
}
