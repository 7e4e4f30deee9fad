import type { FromInstruction, Position } from '../dockerfile/instruction.ts'
import { type Statement, statementOf } from '../dockerfile/statement.ts'
import { cutAtBlanks, splitBlanks, trim } from '../dockerfile/whitespace.ts'

/** An instruction's keyword in the letters it is written in. */
export function keywordOf({ text }: Position): string {
  return cutAtBlanks(trim(text))[0]
}

/** "AS" and the stage's name in the letters they are written in. */
export function asWritten(from: FromInstruction): { readonly as: string; readonly name: string } | undefined {
  const [, as, name] = splitBlanks(argumentsOf(from).args)
  return as === undefined || name === undefined ? undefined : { as, name }
}

/** An instruction's flags and what is behind them. */
export function argumentsOf(position: Position): Pick<Statement, 'flags' | 'args'> {
  return statementOf(position.text, position, [])
}
