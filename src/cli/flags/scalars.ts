import { parseByteSize } from '../../dockerfile/byte-size.ts'

const truths = ['1', 't', 'T', 'TRUE', 'true', 'True']
const untruths = ['0', 'f', 'F', 'FALSE', 'false', 'False']

/** Go's strconv.ParseBool. The errors of this file are plain: the caller knows which flag it is about. */
export function parseBoolean(text: string): boolean {
  if (truths.includes(text)) return true
  if (untruths.includes(text)) return false
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}

/** A decimal number of at least -1, which stands for "the default" in some flags. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const value = Number(text)
  if (!Number.isSafeInteger(value)) {
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  }
  if (value < -1) throw new Error('it must not be negative')
  return value
}

/** A number of bytes, with or without a unit. */
export function parseSize(text: string): number {
  const bytes = parseByteSize(text)
  if (bytes !== undefined) return bytes
  throw new Error('it must be a number of bytes, or one with a unit, such as 10GiB')
}
