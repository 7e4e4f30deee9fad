import type { Bytes } from '../stream/bytes.ts'
import type { TarEntry } from '../tar/entry.ts'
import { readTar } from '../tar/read.ts'
import { inTurns } from './turns.ts'
import type { Unpacker } from './unpacker.ts'

export interface Unpacking {
  readonly unpacker: Unpacker
  /** What each entry of the tar means. */
  readonly entry: (entry: TarEntry) => void
  readonly signal?: AbortSignal | undefined
}

/** Reads a tar to its end, hands its content to an unpacker, and closes that in any case. */
export async function unpack(tar: Bytes, { unpacker, entry, signal }: Unpacking): Promise<void> {
  const sink = {
    entry,
    data: (chunk: Uint8Array, start: number, end: number) => unpacker.write(chunk, start, end),
    hole: (size: number) => unpacker.skip(size),
    fileEnd: () => unpacker.finishFile(),
  }
  try {
    await readTar(tar, sink, signal === undefined ? {} : { signal })
    await inTurns(unpacker.finish())
  } finally {
    unpacker.close()
  }
}
