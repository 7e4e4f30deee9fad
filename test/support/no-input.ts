import type { StandardInput } from '../../src/cli/program.ts'

/** The standard input of a program that has no use for any. */
export const noInput: StandardInput = {
  isTerminal: () => true,
  open: () => {
    throw new Error('nobody was to read standard input')
  },
}
