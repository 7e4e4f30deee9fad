import { splitFlags } from './flags.ts'
import type { WrittenHeredoc } from './heredoc.ts'
import type { Position } from './instruction.ts'
import { cutAtBlanks, trim } from './whitespace.ts'

/** An instruction taken apart as far as all instructions are alike. */
export interface Statement {
  readonly position: Position
  /** In upper case. */
  readonly keyword: string
  /** "--name" or "--name=value", without quotes. */
  readonly flags: readonly string[]
  /** Everything behind the flags, on one line. */
  readonly args: string
  readonly heredocs: readonly WrittenHeredoc[]
}

/** Takes a logical line apart. */
export function statementOf(text: string, position: Position, heredocs: readonly WrittenHeredoc[]): Statement {
  const [keyword, rest = ''] = cutAtBlanks(trim(text))
  const { flags, rest: args } = splitFlags(rest)
  return { position, keyword: keyword.toUpperCase(), flags, args: trim(args), heredocs }
}
