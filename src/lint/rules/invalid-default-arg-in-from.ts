import { parseReference } from '../../oci/reference.ts'
import { attempt } from '../base.ts'
import { lookUps } from '../look-ups.ts'
import type { Rule } from '../rule.ts'

/** A FROM that names an image only where somebody gives a --build-arg. */
export const invalidDefaultArgInFrom: Rule = {
  name: 'InvalidDefaultArgInFrom',
  origin: 'buildkit',
  find: ({ dockerfile, defaultArgs }) =>
    dockerfile.stages.flatMap(({ from }) => {
      const image = defaultArgs === undefined ? undefined : lookUps(from.image, defaultArgs, dockerfile.escape)?.text
      if (image === undefined || attempt(() => parseReference(image)) !== undefined) return []
      const message = `with the defaults of its arguments, ${from.image} is "${image}", which names no image`
      return [{ position: from, message, words: [from.image] }]
    }),
}
