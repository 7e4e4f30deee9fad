import type { Mark, Rule } from '../rule.ts'

const secret = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i
const harmless = /(?:_|^)(?:public|file|version)(?:_|$)/i

/** ARG and ENV stay readable in the image and its history. Names are all there is to go by. */
export const secretsUsedInArgOrEnv: Rule = {
  name: 'SecretsUsedInArgOrEnv',
  origin: 'buildkit',
  find: ({ needed }) =>
    needed.flatMap(({ stage }) =>
      stage.instructions.flatMap((instruction): readonly Mark[] => {
        if (instruction.kind !== 'ARG' && instruction.kind !== 'ENV') return []
        const pairs = instruction.kind === 'ARG' ? instruction.args : instruction.pairs
        const names = pairs.map(([name]) => name).filter((name) => secret.test(name) && !harmless.test(name))
        return names.map((name) => ({
          position: instruction,
          message: `${instruction.kind} "${name}" looks like a secret, which everybody who has the image could read`,
          words: [name],
        }))
      }),
    ),
}
