import { readFlags } from '../flags.ts'
import type { ListInstruction, MaintainerInstruction, ValueInstruction } from '../instruction.ts'
import type { Statement } from '../statement.ts'
import { jsonStrings } from '../strings.ts'
import { syntaxError } from '../syntax-error.ts'
import { splitBlanks, trim } from '../whitespace.ts'

export function readValue(kind: ValueInstruction['kind'], statement: Statement): ValueInstruction {
  return { kind, ...statement.position, value: theArgument(statement) }
}

export function readMaintainer(statement: Statement): MaintainerInstruction {
  return { kind: 'MAINTAINER', ...statement.position, name: theArgument(statement) }
}

export function readExpose(statement: Statement): ListInstruction {
  return { kind: 'EXPOSE', ...statement.position, values: atLeastOne(statement, splitBlanks(statement.args)) }
}

export function readVolume(statement: Statement): ListInstruction {
  const values = jsonStrings(statement.args) ?? splitBlanks(statement.args)
  const trimmed = atLeastOne(statement, values).map(trim)
  if (trimmed.includes('')) throw syntaxError('VOLUME names an empty path')
  return { kind: 'VOLUME', ...statement.position, values: trimmed }
}

function theArgument({ keyword, flags, args }: Statement): string {
  readFlags(keyword, flags, {})
  if (args === '') throw syntaxError(`${keyword} needs exactly one argument`)
  return args
}

function atLeastOne({ keyword, flags }: Statement, values: readonly string[]): readonly string[] {
  readFlags(keyword, flags, {})
  if (values.length === 0) throw syntaxError(`${keyword} needs at least one argument`)
  return values
}
