/** The size of a tar's blocks, and so of a header. */
export const blockSize = 512

/** A tar header proves itself by its checksum: the sum of its bytes, with the checksum's own taken as blanks. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.byteLength < blockSize) return false
  const field = Buffer.from(block.subarray(148, 156)).toString('latin1')
  const stated = /^[ \0]*([0-7]+)[ \0]*$/.exec(field)?.[1]
  if (stated === undefined) return false
  const blanks = 8 * 32
  let unsigned = blanks
  let signed = blanks
  for (const [i, byte] of block.subarray(0, blockSize).entries()) {
    if (i >= 148 && i < 156) continue
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const sum = Number.parseInt(stated, 8)
  return sum === unsigned || sum === signed
}
