import type { EscapeCharacter } from './instruction.ts'
import { lex, type Scope } from './shell-lexer.ts'

export type { Scope } from './shell-lexer.ts'

interface ExpandOptions {
  readonly escape: EscapeCharacter
}

/** The value of a raw word: quotes and escapes gone, variables replaced. Throws HearthError "dockerfile-expansion". */
export function expandWord(raw: string, scope: Scope, options: ExpandOptions): string {
  return lex(raw, { scope, escape: options.escape }).text
}

/** The same, split at the blanks outside of quotes; blanks inside a variable's value split, too. */
export function expandWords(raw: string, scope: Scope, options: ExpandOptions): readonly string[] {
  return lex(raw, { scope, escape: options.escape }).words
}

/**
 * The content of a COPY or ADD heredoc with an unquoted name. Variables are replaced, quotes stay, and every backslash
 * goes and makes the character behind it plain: always the backslash, whatever escape character the Dockerfile chose.
 */
export function expandHeredoc(body: string, scope: Scope): string {
  return lex(body, { scope, escape: '\\', plainQuotes: true }).text
}
