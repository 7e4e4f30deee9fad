import { DockerfileParser } from 'dockerfile-ast'
import type { EscapeCharacter } from './instruction.ts'
import { cutContinuation } from './logical-line.ts'

/**
 * The lines of one instruction with everything but the letters of its keyword made meaningless: dockerfile-ast is right
 * about where instructions stand and what they are called, and misreads some of what is inside them. A line that only
 * continues is blank: the escape character would count as a keyword.
 */
export function maskArguments(lines: readonly string[], escapeCharacter: EscapeCharacter): readonly string[] {
  let inKeyword = true
  return lines.map((line) => {
    const { text, continues } = cutContinuation(line, escapeCharacter)
    let masked = ''
    for (const char of text) {
      if (!inKeyword) masked += 'x'
      else if (blank.test(char)) {
        inKeyword = masked === ''
        masked += ' '
      } else masked += letter.test(char) ? char : 'x'
    }
    return continues && masked.trim() !== '' ? masked + escapeCharacter : masked.trimEnd()
  })
}

/** The keyword of every instruction that dockerfile-ast finds in masked lines, by the line it starts on, from 1. */
export function keywordsByLine(
  masked: readonly string[],
  escapeCharacter: EscapeCharacter,
): ReadonlyMap<number, string> {
  const [first, ...others] = masked
  const chosen = escapeCharacter === '`' && first === '' ? ['# escape=`', ...others] : masked
  const dockerfile = DockerfileParser.parse(`${chosen.join('\n')}\n`)
  const found = [...dockerfile.getInitialARGs(), ...dockerfile.getInstructions()]
  return new Map(found.map((instruction) => [instruction.getRange().start.line + 1, instruction.getInstruction()]))
}

const blank = /[\t\v\f\r ]/
const letter = /[a-z]/i
