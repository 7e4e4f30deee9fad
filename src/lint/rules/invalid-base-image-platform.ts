import { formatPlatform } from '../../oci/platform.ts'
import type { Rule } from '../rule.ts'

/** A base image for another platform than the one that is built for; known once the image is. */
export const invalidBaseImagePlatform: Rule = {
  name: 'InvalidBaseImagePlatform',
  origin: 'buildkit',
  find: ({ needed }) =>
    needed.flatMap(({ stage, base }) => {
      if (base.kind !== 'image' || base.config === undefined) return []
      const { os, architecture } = base.config
      if (os === base.platform.os && architecture === base.platform.architecture) return []
      const message = `the base image is for ${os}/${architecture}, not for ${formatPlatform(base.platform)}`
      return [{ position: stage.from, message, words: [stage.from.image] }]
    }),
}
