/** A number of a header; a bigint where a number cannot hold it exactly. */
export type HeaderNumber = number | bigint

/**
 * Reads a numeric field: octal digits between blanks and NULs, or, when the first bit is set, a two's complement number
 * in base 256. An empty field is 0; undefined means that it holds anything else, or more than 63 bits.
 */
export function readNumber(block: Buffer, start: number, length: number): HeaderNumber | undefined {
  const first = block[start] ?? 0
  return (first & 0x80) === 0 ? readOctal(block, start, length) : readBase256(block.subarray(start, start + length))
}

export function readOctal(block: Buffer, start: number, length: number): number | undefined {
  let at = start
  let end = start + length
  while (at < end && isFiller(block[at])) at += 1
  while (end > at && isFiller(block[end - 1])) end -= 1
  let value = 0
  for (; at < end; at += 1) {
    const digit = (block[at] ?? 0) - 0x30
    // Like a C string, the digits end at a NUL whatever follows it.
    if (digit === -0x30) return value
    if (digit < 0 || digit > 7) return undefined
    value = value * 8 + digit
  }
  return value
}

function isFiller(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0
}

function readBase256(field: Buffer): HeaderNumber | undefined {
  const unsigned = BigInt(`0x${field.toString('hex')}`)
  // The first bit only marks the form; the second one is the sign.
  const value = BigInt.asIntN(field.byteLength * 8 - 1, unsigned)
  return BigInt.asIntN(64, value) === value ? narrowed(value) : undefined
}

/** Reads a decimal number of at most 63 bits, as PAX records hold them. */
export function readDecimal(text: string): HeaderNumber | undefined {
  if (!/^[+-]?[0-9]+$/.test(text) || text.length > 64) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, value) === value ? narrowed(value) : undefined
}

function narrowed(value: bigint): HeaderNumber {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

const nanoseconds = 1_000_000_000n

/** Reads a PAX time, seconds with an optional fraction, as nanoseconds since the epoch; further digits are dropped. */
export function readPaxTime(text: string): bigint | undefined {
  const [whole = '', fraction = ''] = text.split('.', 2)
  const seconds = readDecimal(whole)
  const digits = text.slice(whole.length + 1)
  if (seconds === undefined || !/^[0-9]*$/.test(digits)) return undefined
  const below = BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return BigInt(seconds) * nanoseconds + (whole.startsWith('-') ? -below : below)
}

/** Whole seconds, rounded down, and the nanoseconds above them. */
export function splitTime(ns: bigint): { readonly seconds: bigint; readonly nanoseconds: bigint } {
  const rest = ((ns % nanoseconds) + nanoseconds) % nanoseconds
  return { seconds: (ns - rest) / nanoseconds, nanoseconds: rest }
}

/** Writes a time as a PAX record has it. */
export function paxTime(ns: bigint): string {
  const magnitude = ns < 0n ? -ns : ns
  const fraction = String(magnitude % nanoseconds)
    .padStart(9, '0')
    .replace(/0+$/, '')
  const text = `${magnitude / nanoseconds}${fraction === '' ? '' : `.${fraction}`}`
  return ns < 0n ? `-${text}` : text
}
