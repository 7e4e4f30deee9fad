import { csvFields } from './csv.ts'
import { suggestion } from './suggestion.ts'
import { syntaxError } from './syntax-error.ts'

/** One "key=value" of a flag. */
export interface KeyValue {
  /** In small letters, and never one of its other spellings. */
  readonly key: string
  /** Undefined for a key that stands alone. */
  readonly value: string | undefined
}

/** The keys that may be given, by every spelling of each. */
export type Keys = Readonly<Record<string, string>>

/** A "key=value" as it is written. */
export interface WrittenValue {
  /** In small letters. */
  readonly name: string
  readonly value: string | undefined
}

/** Splits "key=value,key,…". */
export function splitKeyValues(text: string): readonly WrittenValue[] {
  return csvFields(text).map((field) => {
    const at = field.indexOf('=')
    if (at < 0) return { name: field.toLowerCase(), value: undefined }
    return { name: field.slice(0, at).toLowerCase(), value: field.slice(at + 1) }
  })
}

/** Looks every key up. Throws for one that is not there, naming those that are; `what` begins the message. */
export function keyed(what: string, written: readonly WrittenValue[], keys: Keys): readonly KeyValue[] {
  return written.map(({ name, value }) => {
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined
    if (key === undefined) throw unknownKey(what, name, keys)
    return { key, value }
  })
}

/** Whether a text is true or false as Go reads it; undefined for any other. */
export function goBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  return undefined
}

function unknownKey(what: string, name: string, keys: Keys): Error {
  const names = Object.keys(keys)
  const message = name === '' ? `${what} has an empty part` : `${what} has no key ${JSON.stringify(name)}`
  return syntaxError(message, { why: `its keys are ${names.join(', ')}`, fix: suggestion(name, names) })
}
