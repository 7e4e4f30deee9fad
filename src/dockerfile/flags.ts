import { suggestion } from './suggestion.ts'
import { syntaxError, unsupportedError } from './syntax-error.ts'
import { isSpace } from './whitespace.ts'

/** What a flag of an instruction may say. */
export interface FlagRule {
  /** A boolean flag may stand without a value; a list flag may stand several times. */
  readonly kind: 'text' | 'boolean' | 'list'
  /** Set for a flag we cannot obey: the values that ask for nothing. */
  readonly idle?: readonly string[]
}

export type FlagRules = Readonly<Record<string, FlagRule>>

/** Cuts the flags off the front of an instruction's arguments. Quotes go, and backslashes make characters plain. */
export function splitFlags(text: string): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = []
  let at = 0
  for (;;) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at++
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) }
    const word = flagWord(text, at)
    at = word.end
    if (word.text === '--') return { flags, rest: text.slice(at) }
    flags.push(word.text)
  }
}

function flagWord(text: string, start: number): { readonly text: string; readonly end: number } {
  let word = ''
  let quote = ''
  let at = start
  for (; at < text.length; at++) {
    const char = text[at] as string
    if (quote === '' && isSpace(char.charCodeAt(0))) break
    if (char === '\\') {
      at++
      word += text[at] ?? ''
    } else if (char === quote) quote = ''
    else if (quote === '' && (char === '"' || char === "'")) quote = char
    else word += char
  }
  return { text: word, end: at }
}

/**
 * Reads flags by their rules: each name with its value, "true" or "false" for a boolean flag. Throws for unknown, doubled
 * and incomplete flags, and "dockerfile-unsupported" for what we cannot obey.
 */
export function readFlags(keyword: string, flags: readonly string[], rules: FlagRules): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const flag of flags) {
    const at = flag.indexOf('=')
    const name = at < 0 ? flag.slice(2) : flag.slice(2, at)
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) throw unknownFlag(keyword, name, rules)
    if (found.has(name) && rule.kind !== 'list') {
      throw syntaxError(`${keyword} has the flag --${name} twice`, { marks: `--${name}` })
    }
    const value = flagValue(name, at < 0 ? undefined : flag.slice(at + 1), rule)
    if (rule.idle !== undefined && !rule.idle.includes(value))
      throw unsupportedError(`${keyword} ${flag}`, { marks: flag })
    found.set(name, value)
  }
  return found
}

/** Every value of a list flag, in order. */
export function listOf(flags: readonly string[], name: string): readonly string[] {
  const start = `--${name}=`
  return flags.filter((flag) => flag.startsWith(start)).map((flag) => flag.slice(start.length))
}

function flagValue(name: string, value: string | undefined, { kind }: FlagRule): string {
  if (kind !== 'boolean') {
    if (value === undefined)
      throw syntaxError(`--${name} needs a value`, { fix: `Write --${name}=<value>.`, marks: `--${name}` })
    return value
  }
  const lower = value?.toLowerCase() ?? 'true'
  if (lower === 'true' || lower === 'false') return lower
  throw syntaxError(`--${name}=${value} is neither true nor false`, { marks: `--${name}=${value}` })
}

function unknownFlag(keyword: string, name: string, rules: FlagRules): Error {
  const names = Object.keys(rules)
  const known = names.length === 0 ? 'it has no flags' : `its flags are ${names.map((n) => `--${n}`).join(', ')}`
  const fix = suggestion(
    `--${name}`,
    names.map((n) => `--${n}`),
  )
  return syntaxError(`${keyword} has no flag --${name}`, { why: known, fix, marks: `--${name}` })
}
