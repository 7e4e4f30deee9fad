import { ReadableStream } from 'node:stream/web'
import xz from 'xz-decompress'
import { DamagedInput } from './bit-reader.ts'
import type { Bytes } from './bytes.ts'

/** What the decoder says of data that asks for more than it can do, by its codes. */
const unsupported: ReadonlyMap<number, string> = new Map([
  [4, 'its dictionary is larger than 64 MiB'],
  [6, 'it has a filter other than LZMA2, or a checksum other than CRC32 and CRC64'],
])

/** The data is whole, as far as one can tell, but of a kind that cannot be read here. */
export class UnsupportedXz extends Error {}

/**
 * Decompresses xz, also several streams one after the other. Memory is that of the dictionary the data asks for, 64 MiB at
 * most. One stream at a time is decoded in a process; others wait until it has been read or left. Throws DamagedInput or
 * UnsupportedXz.
 */
export async function* unxz(source: Bytes): Bytes {
  let failure: unknown
  async function* watched(): Bytes {
    try {
      yield* source
    } catch (error) {
      failure = error
      throw error
    }
  }
  try {
    for await (const chunk of new xz.XzReadableStream(ReadableStream.from(watched()))) {
      if (chunk.byteLength > 0) yield chunk
    }
  } catch (error) {
    if (failure !== undefined || !(error instanceof Error)) throw failure ?? error
    const code = /error code (\d+)$/.exec(error.message)?.[1]
    if (code === undefined) throw error
    const why = unsupported.get(Number(code))
    throw why === undefined ? new DamagedInput(`the decoder stopped with code ${code}`) : new UnsupportedXz(why)
  }
}
