import type { Rule } from '../rule.ts'

export const maintainerDeprecated: Rule = {
  name: 'MaintainerDeprecated',
  origin: 'buildkit',
  find: ({ dockerfile }) =>
    dockerfile.stages.flatMap(({ instructions }) =>
      instructions.flatMap((instruction) => {
        if (instruction.kind !== 'MAINTAINER') return []
        const message = 'MAINTAINER is deprecated: use the label org.opencontainers.image.authors'
        return [{ position: instruction, message }]
      }),
    ),
}
