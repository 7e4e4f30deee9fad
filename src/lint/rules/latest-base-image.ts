import { isInLayout } from '../../oci/reference.ts'
import type { Rule } from '../rule.ts'

/** "latest" is another image tomorrow. A digest beside it decides. */
export const latestBaseImage: Rule = {
  name: 'LatestBaseImage',
  origin: 'hearth',
  find: ({ needed }) =>
    needed.flatMap(({ stage, base }) => {
      if (base.kind !== 'image' || base.reference === undefined || isInLayout(base.reference)) return []
      if (base.reference.digest !== undefined || base.reference.tag !== 'latest') return []
      const message = `${stage.from.image} is whatever "latest" names at the time: name a version`
      return [{ position: stage.from, message, words: [stage.from.image] }]
    }),
}
