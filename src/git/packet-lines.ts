import type { ByteReader } from './byte-reader.ts'
import { ProtocolError } from './failure.ts'

/** The mark between two lists of lines. */
export const flush = '0000'

/** A line with its length in front, as git's protocol has it. */
export function packetLine(text: string): string {
  return `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`
}

/** The next line's bytes; "flush" for the mark between lists, undefined at the end of the stream. */
export async function readPacket(reader: ByteReader): Promise<Buffer | 'flush' | undefined> {
  const head = await reader.read(4)
  if (head === undefined) return undefined
  const text = head.toString('latin1')
  if (!/^[0-9a-f]{4}$/i.test(text)) throw new ProtocolError('the answer is not one of a git server')
  const length = Number.parseInt(text, 16)
  if (length === 0) return 'flush'
  if (length < 4) throw new ProtocolError(`the answer holds a line of the impossible length ${length}`)
  const line = length === 4 ? Buffer.alloc(0) : await reader.read(length - 4)
  if (line === undefined) throw new ProtocolError('the answer ends in the middle')
  return line
}

/** The text of a line without its line feed. Throws what the other side reports in place of a line. */
export function lineText(line: Buffer): string {
  const text = line.toString('utf8').replace(/\n$/, '')
  if (text.startsWith('ERR ')) throw new ProtocolError(`the server says: ${text.slice(4)}`)
  return text
}
