import { parsePlatform } from '../../oci/platform.ts'
import { attempt } from '../base.ts'
import { lookUps } from '../look-ups.ts'
import type { Rule } from '../rule.ts'

/** A platform written out builds for that one only. A stage that is named for it means just that. */
export const fromPlatformFlagConstDisallowed: Rule = {
  name: 'FromPlatformFlagConstDisallowed',
  origin: 'buildkit',
  find: ({ dockerfile, globalArgs }) =>
    dockerfile.stages.flatMap(({ name = '', from }) => {
      const found = lookUps(from.platform ?? '', globalArgs, dockerfile.escape)
      if (found === undefined || found.text === '' || found.set.size + found.unset.size > 0) return []
      const platform = attempt(() => parsePlatform(found.text))
      if (platform === undefined || name.includes(platform.os) || name.includes(platform.architecture)) return []
      const message = `--platform=${from.platform} builds for that platform whatever is asked for`
      return [{ position: from, message, words: [`--platform=${from.platform}`, '--platform'] }]
    }),
}
