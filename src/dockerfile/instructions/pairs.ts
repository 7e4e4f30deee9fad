import { readFlags } from '../flags.ts'
import type { ArgInstruction, EnvInstruction, EscapeCharacter, LabelInstruction, RawPair } from '../instruction.ts'
import type { Statement } from '../statement.ts'
import { syntaxError } from '../syntax-error.ts'
import { cutAtBlanks } from '../whitespace.ts'
import { splitQuoted } from '../words.ts'

export function readEnv(statement: Statement, escapeCharacter: EscapeCharacter): EnvInstruction {
  return { kind: 'ENV', ...statement.position, pairs: pairsOf(statement, escapeCharacter) }
}

export function readLabel(statement: Statement, escapeCharacter: EscapeCharacter): LabelInstruction {
  return { kind: 'LABEL', ...statement.position, pairs: pairsOf(statement, escapeCharacter) }
}

export function readArg(statement: Statement, escapeCharacter: EscapeCharacter): ArgInstruction {
  readFlags('ARG', statement.flags, {})
  const words = splitQuoted(statement.args, escapeCharacter)
  if (words.length === 0) throw syntaxError('ARG needs at least one argument')
  const args = words.map((word) => {
    const at = word.indexOf('=')
    if (at === 0) throw syntaxError('the name of an ARG cannot be empty', { marks: word })
    return at < 0 ? ([word, undefined] as const) : ([word.slice(0, at), word.slice(at + 1)] as const)
  })
  return { kind: 'ARG', ...statement.position, args }
}

/** `NAME=value …`, or the old form with one name and the rest of the line. */
function pairsOf(statement: Statement, escapeCharacter: EscapeCharacter): readonly RawPair[] {
  const { keyword, args } = statement
  readFlags(keyword, statement.flags, {})
  const words = splitQuoted(args, escapeCharacter)
  const [first] = words
  if (first === undefined) throw syntaxError(`${keyword} needs at least one argument`)
  if (!first.includes('=')) {
    const [name, value] = cutAtBlanks(args)
    if (value !== undefined) return [[name, value]]
    throw syntaxError(`${keyword} needs a name and a value`, { fix: `Write ${keyword} ${name}=<value>.` })
  }
  return words.map((word) => {
    const at = word.indexOf('=')
    if (at < 0) {
      const fix = `Write ${keyword} as name=value, with quotes for blanks.`
      throw syntaxError(`"${word}" has no "="`, { fix, marks: word })
    }
    if (at === 0) throw syntaxError(`a name of ${keyword} cannot be empty`, { marks: word })
    return [word.slice(0, at), word.slice(at + 1)]
  })
}
