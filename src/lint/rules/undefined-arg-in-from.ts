import { nearest } from '../../nearest.ts'
import { lookUps } from '../look-ups.ts'
import type { Mark, Rule } from '../rule.ts'

/** A FROM sees only the arguments declared above the first one. One that is declared without a value counts. */
export const undefinedArgInFrom: Rule = {
  name: 'UndefinedArgInFrom',
  origin: 'buildkit',
  find({ dockerfile, globalArgs }) {
    const declared = dockerfile.metaArgs.flatMap(({ args }) => args.map(([name]) => name))
    const known = new Set([...globalArgs.keys(), ...declared])
    return dockerfile.stages.flatMap(({ from }) => {
      const words = [from.image, from.platform ?? '']
      const unset = words.flatMap((raw) => [...(lookUps(raw, globalArgs, dockerfile.escape)?.unset ?? [])])
      return [...new Set(unset)].flatMap((name): readonly Mark[] => {
        if (known.has(name)) return []
        const meant = nearest(name, [...known])
        const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
        const message = `FROM uses the argument "${name}", which no ARG above the first FROM declares${hint}`
        return [{ position: from, message, words: [`$${name}`, `$\{${name}`] }]
      })
    })
  },
}
