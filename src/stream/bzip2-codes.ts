import { type BitReader, DamagedInput } from './bit-reader.ts'

/** A Huffman code of bzip2: how long codes are says what they are. */
export interface Code {
  /** For each length, the largest code that is not longer. */
  readonly limits: Int32Array
  /** For each length, what a code has to be lessened by to count in `symbols`. */
  readonly offsets: Int32Array
  /** Ordered by code. */
  readonly symbols: Uint16Array
  /** For what begins with a short code: its length, and below it in 9 bits its symbol; 0 for anything else. */
  readonly quick: Uint16Array
}

const quickBits = 10

export const longestCode = 20

/** Reads the lengths of the codes of so many symbols: each as the difference from the one before. */
export function readCode(input: BitReader, symbolCount: number): Code {
  const lengths = new Uint8Array(symbolCount)
  let length = input.bits(5)
  for (let symbol = 0; symbol < symbolCount; symbol += 1) {
    while (input.bits(1) === 1) length += input.bits(1) === 1 ? -1 : 1
    if (length < 1 || length > longestCode) throw new DamagedInput('a code is too long')
    lengths[symbol] = length
  }
  return codeOf(lengths)
}

function codeOf(lengths: Uint8Array): Code {
  const limits = new Int32Array(longestCode + 1).fill(-1)
  const offsets = new Int32Array(longestCode + 1)
  const symbols: number[] = []
  let next = 0
  for (let length = 1; length <= longestCode; length += 1) {
    offsets[length] = next - symbols.length
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue
      symbols.push(symbol)
      next += 1
    }
    limits[length] = next - 1
    next *= 2
  }
  return { limits, offsets, symbols: Uint16Array.from(symbols), quick: quickOf(lengths, offsets, symbols) }
}

function quickOf(lengths: Uint8Array, offsets: Int32Array, symbols: readonly number[]): Uint16Array {
  const quick = new Uint16Array(1 << quickBits)
  for (const [i, symbol] of symbols.entries()) {
    const length = lengths[symbol] as number
    if (length > quickBits) break
    const first = (i + (offsets[length] as number)) << (quickBits - length)
    quick.fill((length << 9) | symbol, first, first + (1 << (quickBits - length)))
  }
  return quick
}

/** The next symbol of a code. */
export function readSymbol(input: BitReader, { limits, offsets, symbols, quick }: Code): number {
  // Far more than these bits follow the last symbol.
  const found = quick[input.peek(quickBits)] as number
  if (found !== 0) {
    input.skip(found >> 9)
    return found & 0x1ff
  }
  let code = 0
  for (let length = 1; length <= longestCode; length += 1) {
    code = code * 2 + input.bits(1)
    if (code > (limits[length] as number)) continue
    const symbol = symbols[code - (offsets[length] as number)]
    if (symbol !== undefined) return symbol
    break
  }
  throw new DamagedInput('a code stands for nothing')
}
