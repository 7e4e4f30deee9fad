import { BadHeader } from './header.ts'
import { readDecimal } from './numbers.ts'

/** Records of an extended header: key → value, both raw, one character for each byte. */
export type PaxRecords = ReadonlyMap<string, string>

export const xattrPrefix = 'SCHILY.xattr.'

const textKeys = new Set(['path', 'linkpath', 'uname', 'gname'])

/**
 * Reads the body of an extended header. The last record of a key counts. The pairs of records that describe a sparse
 * file in its oldest form are gathered into one, "GNU.sparse.map", as the next form has it.
 */
export function readPax(body: Buffer): PaxRecords {
  const records = new Map<string, string>()
  const sparse: string[] = []
  for (let at = 0; at < body.byteLength; ) {
    const { key, value, end } = readRecord(body, at)
    at = end
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      const expected = sparse.length % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes'
      if (key !== expected || value.includes(',')) throw new BadHeader('its sparse map is out of order')
      sparse.push(value)
    } else records.set(key, value)
  }
  if (sparse.length > 0) records.set('GNU.sparse.map', sparse.join(','))
  return records
}

/** A record: its own length in decimal, a blank, the key, "=", the value, a line end. */
function readRecord(
  body: Buffer,
  start: number,
): { readonly key: string; readonly value: string; readonly end: number } {
  const blank = body.indexOf(0x20, start)
  const length = blank < 0 ? undefined : readDecimal(body.toString('latin1', start, blank))
  if (typeof length !== 'number' || length < 5 || length > body.byteLength - start) throw malformed('length')
  const end = start + length
  if (end <= blank + 1 || body[end - 1] !== 0x0a) throw malformed('end')
  const equals = body.indexOf(0x3d, blank)
  if (equals < 0 || equals >= end) throw malformed('key')
  const key = body.toString('latin1', blank + 1, equals)
  const value = body.toString('latin1', equals + 1, end - 1)
  if (key === '' || (textKeys.has(key) ? value : key).includes('\0')) throw malformed(key === '' ? 'key' : 'text')
  return { key, value, end }
}

function malformed(part: string): BadHeader {
  return new BadHeader(`a record of its extended header has no valid ${part}`)
}

/** Writes records, in the order of the map, as the body of an extended header. */
export function writePax(records: ReadonlyMap<string, Uint8Array>): Buffer {
  const parts: Uint8Array[] = []
  for (const [key, value] of records) {
    const body = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')])
    parts.push(Buffer.from(String(recordLength(body.byteLength))), body)
  }
  return Buffer.concat(parts)
}

/** The length counts its own digits. */
function recordLength(body: number): number {
  const guess = body + String(body).length
  return body + String(guess).length
}
