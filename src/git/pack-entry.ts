import { ProtocolError } from './failure.ts'

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag'

/** The beginning of an entry of a pack. */
export interface EntryHead {
  /** Undefined of one that is told as the difference to another, its base. */
  readonly type: ObjectType | undefined
  /** Of what is compressed: the object or the difference. */
  readonly size: number
  /** How many bytes before this entry its base begins. */
  readonly baseDistance?: number
  readonly baseObject?: string
  /** Of the head itself. */
  readonly length: number
}

/** Longer than any head of a file that git makes. */
export const longestHead = 64

/** A file of a repository is held in memory while it is written. */
const largestObject = 2 ** 31

const types: readonly (ObjectType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag']
const [offsetDelta, objectDelta] = [6, 7]

/** Reads the head of an entry. */
export function readEntryHead(bytes: Buffer): EntryHead {
  const first = byteAt(bytes, 0)
  const number = (first >> 4) & 7
  let size = first & 15
  let at = 1
  for (let scale = 16, more = first >= 128; more; scale *= 128) {
    const byte = byteAt(bytes, at++)
    size += (byte & 127) * scale
    more = byte >= 128
  }
  if (size > largestObject) throw new ProtocolError('the repository holds a file of more than 2 GiB')
  const type = types[number]
  if (type !== undefined) return { type, size, length: at }
  if (number === objectDelta) {
    const baseObject = bytes.toString('hex', at, at + 20)
    return { type, size, baseObject, length: at + 20 }
  }
  if (number !== offsetDelta) throw new ProtocolError(`the pack is damaged: there are no objects of type ${number}`)
  let byte = byteAt(bytes, at++)
  let baseDistance = byte & 127
  while (byte >= 128) {
    byte = byteAt(bytes, at++)
    baseDistance = (baseDistance + 1) * 128 + (byte & 127)
  }
  return { type, size, baseDistance, length: at }
}

/** The object that a difference makes of its base. */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const sizes = [0, 0]
  let at = 0
  for (const index of [0, 1]) {
    let [size, scale, byte] = [0, 1, 128]
    for (; byte >= 128; scale *= 128) {
      byte = byteAt(delta, at++)
      size += (byte & 127) * scale
    }
    sizes[index] = size
  }
  const [baseSize = 0, resultSize = 0] = sizes
  if (baseSize !== base.length || resultSize > largestObject) throw damaged()
  const result = Buffer.allocUnsafe(resultSize)
  let filled = 0
  while (at < delta.length) {
    const command = byteAt(delta, at++)
    const piece = command < 128 ? delta.subarray(at, at + command) : copied(command)
    if (command === 0 || filled + piece.length > resultSize) throw damaged()
    if (command < 128) at += command
    filled += piece.copy(result, filled)
  }
  if (filled !== resultSize) throw damaged()
  return result

  function copied(command: number): Buffer {
    const numbers = [0, 0]
    for (let bit = 0; bit < 7; bit++) {
      if ((command & (1 << bit)) === 0) continue
      const index = bit < 4 ? 0 : 1
      numbers[index] = (numbers[index] ?? 0) + byteAt(delta, at++) * 256 ** (bit - 4 * index)
    }
    const [offset = 0, length = 0] = numbers
    const size = length === 0 ? 0x10000 : length
    if (offset + size > base.length) throw damaged()
    return base.subarray(offset, offset + size)
  }
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw damaged()
  return byte
}

function damaged(): ProtocolError {
  return new ProtocolError('the pack is damaged: an entry makes no sense')
}
