import { isSecretName } from '../../dockerfile/secret-name.ts'
import type { Mark, Rule } from '../rule.ts'

/** ARG and ENV stay readable in the image and its history. */
export const secretsUsedInArgOrEnv: Rule = {
  name: 'SecretsUsedInArgOrEnv',
  origin: 'buildkit',
  find: ({ needed }) =>
    needed.flatMap(({ stage }) =>
      stage.instructions.flatMap((instruction): readonly Mark[] => {
        if (instruction.kind !== 'ARG' && instruction.kind !== 'ENV') return []
        const pairs = instruction.kind === 'ARG' ? instruction.args : instruction.pairs
        const names = pairs.map(([name]) => name).filter(isSecretName)
        return names.map((name) => ({
          position: instruction,
          message: `${instruction.kind} "${name}" looks like a secret, which everybody who has the image could read`,
          words: [name],
        }))
      }),
    ),
}
