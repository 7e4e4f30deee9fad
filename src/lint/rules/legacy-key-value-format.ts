import { splitQuoted } from '../../dockerfile/words.ts'
import type { Rule } from '../rule.ts'
import { argumentsOf } from '../written.ts'

/** "ENV name value", the form before "name=value". */
export const legacyKeyValueFormat: Rule = {
  name: 'LegacyKeyValueFormat',
  origin: 'buildkit',
  find: ({ dockerfile, needed }) =>
    needed.flatMap(({ stage }) =>
      stage.instructions.flatMap((instruction) => {
        if (instruction.kind !== 'ENV' && instruction.kind !== 'LABEL') return []
        const [first = ''] = splitQuoted(argumentsOf(instruction).args, dockerfile.escape)
        if (first.includes('=')) return []
        const message = `write "${instruction.kind} ${first}=value" in place of "${instruction.kind} ${first} value"`
        return [{ position: instruction, message }]
      }),
    ),
}
