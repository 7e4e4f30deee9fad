import { wrongUsage } from './flags/usage.ts'

export interface PositionalRules {
  /** "executor", as messages call it. */
  readonly command: string
  /** Words that mean something to kaniko's command of that name, and nothing here. */
  readonly unsupported: readonly string[]
}

/** Booleans do not take a word of their own, which is how most positional arguments come about. */
export function refusePositionals(positionals: readonly string[], { command, unsupported }: PositionalRules): void {
  const [word] = positionals
  if (word === undefined) return
  if (unsupported.includes(word)) throw wrongUsage(`the command "${word}" is not supported yet`)
  const fix = /^(?:[01tf]|true|false)$/i.test(word) ? `Write booleans as --flag=${word}.` : undefined
  throw wrongUsage(`unknown command "${word}" for "${command}"`, fix)
}
