import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Bytes } from '../stream/bytes.ts'
import { type TarLimits, TarParser } from './parser.ts'
import type { TarSink } from './sink.ts'

export interface ReadTarOptions extends Partial<TarLimits> {
  readonly signal?: AbortSignal
}

/** For how long everything else in the process may have to wait. */
const turnMs = 8

/**
 * Reads a tar stream and hands its entries to `sink`, which works synchronously. It accepts and rejects what Go's
 * archive/tar does, so that no runtime sees other files than we do, and rejects besides that what no image may hold.
 * The stream is read to its end even where the archive ends before, so that whoever digests it sees every byte. Throws
 * HearthError "layer-invalid"; entries before the fault have been handed out by then.
 */
export async function readTar(source: Bytes, sink: TarSink, options: ReadTarOptions = {}): Promise<void> {
  const { signal, ...limits } = options
  const parser = new TarParser(sink, limits)
  let turn = performance.now()
  const isOver = (): boolean => performance.now() - turn > turnMs
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let at = 0; at < bytes.byteLength; ) {
      signal?.throwIfAborted()
      at += parser.take(at === 0 ? bytes : bytes.subarray(at), isOver)
      if (!isOver()) continue
      await nextTurn()
      turn = performance.now()
    }
  }
  signal?.throwIfAborted()
  parser.end()
}
