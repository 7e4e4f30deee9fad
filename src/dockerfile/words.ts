import type { EscapeCharacter } from './instruction.ts'
import { isSpace } from './whitespace.ts'

/** Splits at the blanks outside of quotes. Quotes and escapes stay where they are. */
export function splitQuoted(text: string, escapeCharacter: EscapeCharacter): readonly string[] {
  const words: string[] = []
  let word = ''
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string
    if (quote === '' && isSpace(char.charCodeAt(0))) {
      if (word !== '') words.push(word)
      word = ''
    } else if (char === escapeCharacter && quote !== "'") {
      // At the very end it escapes nothing and goes.
      if (at + 1 < text.length) word += char + text[at + 1]
      at++
    } else {
      if (char === quote) quote = ''
      else if (quote === '' && (char === '"' || char === "'")) quote = char
      word += char
    }
  }
  return word === '' ? words : [...words, word]
}
