import { isInLayout } from '../../oci/reference.ts'
import type { Rule } from '../rule.ts'

/** A tag can be moved; a digest cannot. */
export const unpinnedBaseImage: Rule = {
  name: 'UnpinnedBaseImage',
  origin: 'hearth',
  find: ({ needed }) =>
    needed.flatMap(({ stage, base }) => {
      if (
        base.kind !== 'image' ||
        base.reference === undefined ||
        isInLayout(base.reference) ||
        base.reference.digest !== undefined
      )
        return []
      const message = `${stage.from.image} is not pinned: add @sha256:… so that every build has the same base`
      return [{ position: stage.from, message, words: [stage.from.image] }]
    }),
}
