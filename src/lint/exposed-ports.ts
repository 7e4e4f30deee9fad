import { expandWords } from '../dockerfile/expand.ts'
import { attempt } from './base.ts'
import type { Mark } from './rule.ts'
import type { LintSubject } from './subject.ts'

/** Marks the ports of EXPOSE about which there is something to say. */
export function markPorts({ needed }: LintSubject, say: (port: string) => string | undefined): readonly Mark[] {
  return needed.flatMap(({ moments }) =>
    moments.flatMap(({ instruction, state }) => {
      if (instruction.kind !== 'EXPOSE') return []
      return instruction.values.flatMap((raw) => {
        const ports = attempt(() => expandWords(raw, (name) => state.scope.get(name), state)) ?? []
        return ports.flatMap((port): readonly Mark[] => {
          const message = say(port)
          return message === undefined ? [] : [{ position: instruction, message, words: [raw] }]
        })
      })
    }),
  )
}
