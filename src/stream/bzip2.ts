import { setImmediate as nextTurn } from 'node:timers/promises'
import { BitReader, DamagedInput } from './bit-reader.ts'
import type { Bytes } from './bytes.ts'
import { type BlockBytes, readBlock } from './bzip2-block.ts'

/** No block is longer: 900,001 symbols of 20 bits, and the tables before them. */
const longestBlock = 2_400_000
const chunkSize = 256 << 10
const blockMark = [0x314159, 0x265359] as const
const endMark = [0x177245, 0x385090] as const

/**
 * Decompresses bzip2, also several streams one after the other. Memory stays the same however much comes out. Throws
 * DamagedInput for what does not decompress.
 */
export async function* bunzip2(source: Bytes): Bytes {
  const iterator = source[Symbol.asyncIterator]()
  const input = new BitReader()
  const fill = async (): Promise<void> => {
    while (input.left < longestBlock) {
      const next = await iterator.next()
      if (next.done === true) return
      input.add(next.value)
    }
  }
  try {
    for (await fill(); input.left > 0; await fill()) yield* oneStream(input, fill)
  } finally {
    await iterator.return?.()
  }
}

async function* oneStream(input: BitReader, fill: () => Promise<void>): Bytes {
  const level = input.bits(24) === 0x425a68 ? input.bits(8) - 0x30 : 0
  if (level < 1 || level > 9) throw new DamagedInput('it does not begin like bzip2')
  const table = new Uint32Array(level * 100_000)
  let checksum = 0
  for (;;) {
    await fill()
    const mark = [input.bits(24), input.bits(24)]
    const stated = (input.bits(16) << 16) | input.bits(16)
    if (isMark(mark, endMark)) {
      if (checksum !== stated) throw new DamagedInput('its checksum is another one')
      input.align()
      return
    }
    if (!isMark(mark, blockMark)) throw new DamagedInput('a block has no mark')
    const actual = yield* withRuns(readBlock(input, table))
    if (actual !== stated) throw new DamagedInput('the checksum of a block is another one')
    checksum = ((checksum << 1) | (checksum >>> 31)) ^ actual
    // A block takes a while, and nobody else had a turn.
    await nextTurn()
  }
}

function isMark(found: readonly number[], mark: readonly [number, number]): boolean {
  return found[0] === mark[0] && found[1] === mark[1]
}

/** The bytes with their runs: behind four equal ones stands how many more there are. Returns their checksum. */
function* withRuns(bytes: BlockBytes): Generator<Buffer, number> {
  let checksum = -1
  let chunk = Buffer.allocUnsafeSlow(chunkSize)
  let filled = 0
  let last = -1
  let equal = 0
  for (let byte = bytes.next(); byte >= 0; byte = bytes.next()) {
    const isCount = equal === 4
    const times = isCount ? byte : 1
    if (!isCount) {
      equal = byte === last ? equal + 1 : 1
      last = byte
    } else equal = 0
    for (let i = 0; i < times; i += 1) {
      checksum = (checksum << 8) ^ (checksums[(checksum >>> 24) ^ last] as number)
      chunk[filled] = last
      filled += 1
      if (filled < chunkSize) continue
      yield chunk
      chunk = Buffer.allocUnsafeSlow(chunkSize)
      filled = 0
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled)
  return ~checksum
}

/** Of each byte, for a CRC-32 that takes the highest bit first. */
const checksums = Int32Array.from({ length: 256 }, (_, byte) => {
  let checksum = byte << 24
  for (let bit = 0; bit < 8; bit += 1) checksum = (checksum << 1) ^ (checksum < 0 ? 0x04c11db7 : 0)
  return checksum
})
