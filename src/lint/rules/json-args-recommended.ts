import type { Rule } from '../rule.ts'

/** A command for the shell gets no signals: the shell does. A SHELL of one's own means that this is wanted. */
export const jsonArgsRecommended: Rule = {
  name: 'JSONArgsRecommended',
  origin: 'buildkit',
  find: ({ needed }) =>
    needed.flatMap(({ moments }) =>
      moments.flatMap(({ instruction, state }) => {
        if (instruction.kind !== 'CMD' && instruction.kind !== 'ENTRYPOINT') return []
        if (instruction.form === 'exec' || (state.config.Shell ?? []).length > 0) return []
        const message = `${instruction.kind} should be a JSON array: in its shell form, signals do not reach the program`
        return [{ position: instruction, message }]
      }),
    ),
}
