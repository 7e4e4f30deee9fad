import type { Rule } from '../rule.ts'
import { asWritten, keywordOf } from '../written.ts'

/** AS in the letters of its FROM. A FROM of mixed letters is another rule's. */
export const fromAsCasing: Rule = {
  name: 'FromAsCasing',
  origin: 'buildkit',
  find: ({ dockerfile }) =>
    dockerfile.stages.flatMap(({ from }) => {
      const keyword = keywordOf(from)
      const as = asWritten(from)?.as
      if (as === undefined) return []
      const isLower = keyword === keyword.toLowerCase()
      if (!isLower && keyword !== keyword.toUpperCase()) return []
      if (as === (isLower ? as.toLowerCase() : as.toUpperCase())) return []
      return [{ position: from, message: `"${as}" and "${keyword}" should be in the same letters`, words: [as] }]
    }),
}
