import { TransportError, transportError } from './transport-error.ts'

/** A transfer that stays below `bytes` in `windowMs` of waiting for the network is given up. */
export interface SlowestTransfer {
  readonly bytes: number
  readonly windowMs: number
}

export const slowestTransfer: SlowestTransfer = { bytes: 60 << 10, windowMs: 60_000 }

/**
 * The bytes of an answer. Breaks come out as TransportError. Beside the idle time-out there is a lowest speed, because a
 * server that sends one byte now and then is never idle; only time spent waiting for the network counts.
 */
export async function* responseBody(
  source: AsyncIterable<Uint8Array>,
  o: { host: string; slowest: SlowestTransfer; signal: AbortSignal | undefined },
): AsyncIterable<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let waitedMs = 0
  let received = 0
  try {
    for (;;) {
      const asked = performance.now()
      const next = await iterator.next()
      if (next.done === true) return
      waitedMs += performance.now() - asked
      received += next.value.byteLength
      if (waitedMs >= o.slowest.windowMs) {
        if (received < o.slowest.bytes) throw tooSlow(o.host, received, waitedMs)
        waitedMs = 0
        received = 0
      }
      yield next.value
    }
  } catch (error) {
    o.signal?.throwIfAborted()
    throw transportError(o.host, error)
  } finally {
    await iterator.return?.()
  }
}

function tooSlow(host: string, received: number, waitedMs: number): TransportError {
  const reason = `only ${received} bytes came in ${Math.round(waitedMs / 1000)} s`
  return new TransportError({ host, code: 'TOO_SLOW', reason, transient: true })
}
