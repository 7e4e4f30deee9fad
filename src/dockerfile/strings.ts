import type { CommandLine } from './instruction.ts'
import { syntaxError } from './syntax-error.ts'

/** The texts of a JSON array; undefined when it is no valid JSON array. Throws when it holds anything but texts. */
export function jsonStrings(args: string): readonly string[] | undefined {
  if (!args.startsWith('[')) return undefined
  const value = parseArray(args)
  if (value === undefined) return undefined
  const strings = value.filter((item) => typeof item === 'string')
  if (strings.length === value.length) return strings.map(wellFormed)
  throw syntaxError('a JSON array of an instruction can hold strings only', {
    fix: 'Put every element into double quotes.',
  })
}

/** A command in the exec form when it is a JSON array of texts, and for the shell in any other case. */
export function commandLine(args: string): CommandLine {
  const argv = jsonStrings(args)
  return argv === undefined ? { form: 'shell', command: args } : { form: 'exec', argv }
}

function parseArray(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** With halves of surrogate pairs replaced, which no UTF-8 text can hold. */
function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text))
}
