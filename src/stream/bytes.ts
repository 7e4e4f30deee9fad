/** A stream of bytes. Chunks are not reused by the producer, and must not be changed by the consumer. */
export type Bytes = AsyncIterable<Uint8Array>

/** A stream of one chunk. */
export async function* bytesOf(chunk: Uint8Array): Bytes {
  yield chunk
}

/** Gathers a stream in memory, refusing to hold more than `maxBytes`. */
export async function collect(source: Bytes, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.byteLength
    if (size > maxBytes) throw new RangeError(`more than ${maxBytes} bytes where fewer were expected`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
