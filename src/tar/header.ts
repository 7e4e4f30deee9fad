import { type HeaderNumber, readNumber, readOctal } from './numbers.ts'

export const blockSize = 512

/** One header block, its fields as they stand there. Texts are raw: one character for each byte. */
export interface Header {
  /** The type flag, "0" for a file; "\0" is the file of the oldest archives. */
  readonly flag: string
  readonly name: string
  readonly link: string
  readonly mode: HeaderNumber
  readonly uid: HeaderNumber
  readonly gid: HeaderNumber
  readonly size: HeaderNumber
  /** Seconds. */
  readonly mtime: HeaderNumber
  readonly major: HeaderNumber
  readonly minor: HeaderNumber
}

/** Why a block is no header. */
export class BadHeader extends Error {}

/** Reads the header block that stands at an offset of a buffer. Throws BadHeader when the checksum is wrong or a number is none. */
export function readHeader(buffer: Buffer, at: number): Header {
  if (!hasChecksum(buffer, at)) throw new BadHeader('its checksum is wrong')
  const format = formatOf(buffer, at)
  const hasDevice = format !== 'v7'
  const name = text(buffer, at, 100)
  const prefix = prefixOf(buffer, at, format)
  return {
    flag: String.fromCharCode(buffer[at + 156] ?? 0),
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: text(buffer, at + 157, 100),
    mode: number(buffer, at + 100, 8),
    uid: number(buffer, at + 108, 8),
    gid: number(buffer, at + 116, 8),
    size: number(buffer, at + 124, 12),
    mtime: number(buffer, at + 136, 12),
    major: hasDevice ? number(buffer, at + 329, 8) : 0,
    minor: hasDevice ? number(buffer, at + 337, 8) : 0,
  }
}

/** Whether the block at an offset holds nothing but zeros. */
export function isZero(buffer: Buffer, at: number): boolean {
  return buffer[at] === 0 && buffer.compare(zeroBlock, 0, blockSize, at, at + blockSize) === 0
}

const zeroBlock = Buffer.alloc(blockSize)

/** The sum of a block's bytes with the checksum field taken as blanks, of bytes without or with a sign. */
export function checksumOf(buffer: Buffer, at: number, signed = false): number {
  let sum = 8 * 0x20
  for (let i = at; i < at + blockSize; i += 1) {
    if (i === at + 148) i += 8
    const byte = buffer[i] ?? 0
    sum += signed && byte > 127 ? byte - 256 : byte
  }
  return sum
}

function hasChecksum(buffer: Buffer, at: number): boolean {
  const stated = readOctal(buffer, at + 148, 8)
  if (stated === undefined) return false
  return stated === checksumOf(buffer, at) || stated === checksumOf(buffer, at, true)
}

type Format = 'v7' | 'ustar' | 'star' | 'gnu'

function formatOf(buffer: Buffer, at: number): Format {
  const magic = buffer.toString('latin1', at + 257, at + 265)
  if (magic.startsWith('ustar\0')) return buffer.toString('latin1', at + 508, at + 512) === 'tar\0' ? 'star' : 'ustar'
  return magic === 'ustar  \0' ? 'gnu' : 'v7'
}

/** The directory part of long names. Where star and GNU tar have other fields in its place, those must be sound. */
function prefixOf(buffer: Buffer, at: number, format: Format): string {
  switch (format) {
    case 'v7':
      return ''
    case 'ustar':
      return text(buffer, at + 345, 155)
    case 'star':
      number(buffer, at + 476, 12)
      number(buffer, at + 488, 12)
      return text(buffer, at + 345, 131)
    case 'gnu':
      return gnuPrefix(buffer, at)
  }
}

/** GNU headers have two times there. Some writers put a prefix in all the same; then it does not read as a time. */
function gnuPrefix(buffer: Buffer, at: number): string {
  const isTime = (start: number): boolean => buffer[start] === 0 || readNumber(buffer, start, 12) !== undefined
  if (isTime(at + 345) && isTime(at + 357)) return ''
  const prefix = text(buffer, at + 345, 155)
  return Buffer.from(prefix, 'latin1').every((byte) => byte < 0x80) ? prefix : ''
}

function text(buffer: Buffer, start: number, length: number): string {
  if (buffer[start] === 0) return ''
  const end = buffer.indexOf(0, start)
  return buffer.toString('latin1', start, end < 0 || end > start + length ? start + length : end)
}

function number(buffer: Buffer, start: number, length: number): HeaderNumber {
  const value = readNumber(buffer, start, length)
  if (value === undefined) throw new BadHeader('a number in its header is not valid')
  return value
}
