import type { Rule } from '../rule.ts'

export const noEmptyContinuation: Rule = {
  name: 'NoEmptyContinuation',
  origin: 'buildkit',
  find: ({ dockerfile }) =>
    dockerfile.emptyContinuations.map((position) => ({
      position,
      message: 'a blank line stands inside the instruction that ends here; Docker will refuse it one day',
    })),
}
