import { type BitReader, DamagedInput } from './bit-reader.ts'
import { type Code, readCode, readSymbol } from './bzip2-codes.ts'

// A block was compressed in four steps: runs of equal bytes, the Burrows-Wheeler transform, move to front, Huffman codes.

const groupLength = 50

/** A block whose codes have been read: its bytes in the order of the transform. */
interface Sorted {
  /** The byte in the low 8 bits; room for more above it. */
  readonly table: Uint32Array
  readonly length: number
  /** How often each byte is there. */
  readonly counts: Uint32Array
}

/** Reads the block behind its mark and checksum; its bytes come one after the other, runs still short. */
export function readBlock(input: BitReader, table: Uint32Array): BlockBytes {
  if (input.bits(1) === 1) throw new DamagedInput('it was made by a bzip2 that nobody has any more')
  const first = input.bits(24)
  const sorted = readSorted(input, table)
  if (first >= sorted.length) throw new DamagedInput('a block begins nowhere')
  return new BlockBytes(sorted, first)
}

function readSorted(input: BitReader, table: Uint32Array): Sorted {
  const bytes = readBytesInUse(input)
  const symbols = readSymbols(input, bytes.length)
  const end = bytes.length + 1
  const counts = new Uint32Array(256)
  let length = 0
  const put = (byte: number, times: number): void => {
    if (length + times > table.length) throw new DamagedInput('a block is too long')
    table.fill(byte, length, length + times)
    length += times
    counts[byte] = (counts[byte] as number) + times
  }
  let run = 0
  let weight = 1
  for (let symbol = symbols(); ; symbol = symbols()) {
    if (symbol <= 1) {
      // Two symbols write the length of a run of what is in front, in digits 1 and 2.
      run += weight << symbol
      weight *= 2
      if (run > table.length) throw new DamagedInput('a run is too long')
      continue
    }
    if (run > 0) put(bytes[0] as number, run)
    run = 0
    weight = 1
    if (symbol === end) return { table, length, counts }
    const byte = bytes[symbol - 1] as number
    bytes.copyWithin(1, 0, symbol - 1)
    bytes[0] = byte
    put(byte, 1)
  }
}

/** The bytes that are in a block at all. */
function readBytesInUse(input: BitReader): Uint8Array {
  const used: number[] = []
  const groups = input.bits(16)
  for (let group = 0; group < 16; group += 1) {
    if ((groups & (0x8000 >> group)) === 0) continue
    const bits = input.bits(16)
    for (let bit = 0; bit < 16; bit += 1) if ((bits & (0x8000 >> bit)) !== 0) used.push(group * 16 + bit)
  }
  if (used.length === 0) throw new DamagedInput('a block has no bytes')
  return Uint8Array.from(used)
}

/** Gives the symbols of a block: every 50 of them the code may be another one. */
function readSymbols(input: BitReader, byteCount: number): () => number {
  const codeCount = input.bits(3)
  if (codeCount < 2 || codeCount > 6) throw new DamagedInput('it has too many codes')
  const selectors = readSelectors(input, codeCount)
  const codes = Array.from({ length: codeCount }, () => readCode(input, byteCount + 2))
  let group = 0
  let left = 0
  let code: Code | undefined
  return () => {
    if (left === 0) {
      code = codes[selectors[group] ?? codeCount]
      group += 1
      left = groupLength
    }
    left -= 1
    if (code === undefined) throw new DamagedInput('a block has no end')
    return readSymbol(input, code)
  }
}

function readSelectors(input: BitReader, codeCount: number): Uint8Array {
  const selectors = new Uint8Array(input.bits(15))
  const recent = Array.from({ length: codeCount }, (_, code) => code)
  for (let i = 0; i < selectors.length; i += 1) {
    let at = 0
    while (input.bits(1) === 1) at += 1
    const [code] = recent.splice(at, 1)
    if (code === undefined) throw new DamagedInput('it names a code that is not there')
    recent.unshift(code)
    selectors[i] = code
  }
  return selectors
}

/** The bytes of a block in their own order, read once. */
export class BlockBytes {
  readonly #table: Uint32Array
  #place: number
  #left: number

  constructor({ table, length, counts }: Sorted, first: number) {
    const starts = new Uint32Array(256)
    for (let byte = 1; byte < 256; byte += 1) {
      starts[byte] = (starts[byte - 1] as number) + (counts[byte - 1] as number)
    }
    for (let i = 0; i < length; i += 1) {
      const byte = (table[i] as number) & 0xff
      const at = starts[byte] as number
      starts[byte] = at + 1
      table[at] = (table[at] as number) | (i << 8)
    }
    this.#table = table
    this.#place = (table[first] as number) >>> 8
    this.#left = length
  }

  /** The next byte; -1 at the end. */
  next(): number {
    if (this.#left === 0) return -1
    this.#left -= 1
    const entry = this.#table[this.#place] as number
    this.#place = entry >>> 8
    return entry & 0xff
  }
}
