import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Pack } from './pack.ts'

const largeOffset = 2 ** 31

/** The index git wants beside a pack, in its second version, and the pack's own checksum. */
export function packIndex(pack: Pack): { readonly index: Buffer; readonly checksum: string } {
  const entries = [...pack.entries].sort(([a], [b]) => (a < b ? -1 : 1))
  const fanOut = Buffer.alloc(256 * 4)
  for (const [name] of entries) {
    for (let first = Number.parseInt(name.slice(0, 2), 16); first < 256; first++) {
      fanOut.writeUInt32BE(fanOut.readUInt32BE(first * 4) + 1, first * 4)
    }
  }
  const names = Buffer.from(entries.map(([name]) => name).join(''), 'hex')
  const [sums, offsets] = [Buffer.alloc(entries.length * 4), Buffer.alloc(entries.length * 4)]
  const large: Buffer[] = []
  for (const [at, [, { offset, end }]] of entries.entries()) {
    sums.writeUInt32BE(crc32(pack.window.bytes(offset, end - offset)), at * 4)
    offsets.writeUInt32BE(offset < largeOffset ? offset : largeOffset + large.length, at * 4)
    if (offset >= largeOffset) large.push(eightBytes(offset))
  }
  const trailer = pack.window.bytes(pack.window.size - 20, 20)
  const head = Buffer.from('ff744f6300000002', 'hex')
  const body = Buffer.concat([head, fanOut, names, sums, offsets, ...large, trailer])
  return { index: Buffer.concat([body, createHash('sha1').update(body).digest()]), checksum: trailer.toString('hex') }
}

function eightBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
