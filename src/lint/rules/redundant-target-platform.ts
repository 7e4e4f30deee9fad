import { lookUps } from '../look-ups.ts'
import type { Rule } from '../rule.ts'

export const redundantTargetPlatform: Rule = {
  name: 'RedundantTargetPlatform',
  origin: 'buildkit',
  find: ({ dockerfile, globalArgs }) =>
    dockerfile.stages.flatMap(({ from }) => {
      const found = lookUps(from.platform ?? '', globalArgs, dockerfile.escape)
      if (found === undefined || found.unset.size > 0 || found.set.size !== 1) return []
      if (!found.set.has('TARGETPLATFORM') || found.text !== globalArgs.get('TARGETPLATFORM')) return []
      const message = `--platform=${from.platform} is what FROM does anyway`
      return [{ position: from, message, words: [`--platform=${from.platform}`, '--platform'] }]
    }),
}
