import { readFlags } from '../flags.ts'
import type { FromInstruction } from '../instruction.ts'
import type { Statement } from '../statement.ts'
import { syntaxError } from '../syntax-error.ts'
import { splitBlanks } from '../whitespace.ts'

const flags = { platform: { kind: 'text' } } as const

export function readFrom(statement: Statement): FromInstruction {
  const words = splitBlanks(statement.args)
  const [image, as, name] = words
  const isNamed = words.length === 3 && as?.toLowerCase() === 'as'
  if (image === undefined || !(isNamed || words.length === 1)) {
    throw syntaxError('FROM needs one or three arguments', { fix: 'Write FROM <image>, or FROM <image> AS <name>.' })
  }
  const given = readFlags('FROM', statement.flags, flags)
  const platform = given.get('platform') || undefined
  return { kind: 'FROM', ...statement.position, image, platform, as: isNamed ? stageName(name ?? '') : undefined }
}

function stageName(raw: string): string {
  const name = raw.toLowerCase()
  if (/^[a-z][a-z0-9-_.]*$/.test(name)) return name
  throw syntaxError(`"${raw}" cannot be the name of a stage`, {
    marks: raw,
    why: 'it starts with a letter and holds letters, digits, "-", "_" and "." only',
  })
}
