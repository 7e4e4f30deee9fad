import type { Readable, Writable } from 'node:stream'
import { HearthError } from '../errors.ts'
import { type Advertisement, readAdvertisement } from './advertisement.ts'
import { ByteReader } from './byte-reader.ts'
import { ProtocolError } from './failure.ts'
import { flush } from './packet-lines.ts'
import type { GitConversation } from './transport.ts'

export interface StreamPair {
  /** What the other side says. */
  readonly output: Readable
  /** What it is told. */
  readonly input: Writable
  /** Ends the connection, whatever its state. */
  readonly end: () => Promise<void>
  /** Puts a failure of it into words. */
  readonly failed: (error: unknown) => Error | Promise<Error>
  readonly signal?: AbortSignal | undefined
}

/** A conversation over one connection in both directions. It is ended when it cannot begin. */
export async function streamConversation(pair: StreamPair): Promise<GitConversation> {
  const { input, output, signal } = pair
  const abort = (): void => void pair.end()
  signal?.addEventListener('abort', abort)
  // What fails here is told by the other direction, too.
  input.on('error', () => {})
  const reader = new ByteReader(output)
  const end = async (): Promise<void> => {
    signal?.removeEventListener('abort', abort)
    await pair.end()
  }
  let asked = false
  try {
    return {
      advertised: await explained(pair, () => readAdvertisement(reader)),
      async ask(request) {
        asked = true
        input.write(request)
        return rest(pair, reader)
      },
      async [Symbol.asyncDispose]() {
        if (!asked && input.writable) input.write(flush)
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

async function explained(pair: StreamPair, read: () => Promise<Advertisement>): Promise<Advertisement> {
  try {
    return await read()
  } catch (error) {
    pair.signal?.throwIfAborted()
    if (error instanceof HearthError || (error instanceof ProtocolError && error.message.startsWith('the server'))) {
      throw error
    }
    throw await pair.failed(error)
  }
}

async function* rest(pair: StreamPair, reader: ByteReader): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const chunk = await reader.some()
      if (chunk === undefined) return
      yield chunk
    }
  } catch (error) {
    pair.signal?.throwIfAborted()
    throw await pair.failed(error)
  }
}
