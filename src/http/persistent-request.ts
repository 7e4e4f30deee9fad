import { setTimeout as sleep } from 'node:timers/promises'
import { discardBody, type HttpResponse } from './http-client.ts'
import { type BackOff, isTransientError, isTransientStatus, pauseMs } from './retry.ts'

export interface Persistence {
  /** Tries after the first one. */
  readonly retries: number
  readonly backOff: BackOff
  /** Told before every further try what went wrong: an error's text or "status 503". */
  readonly onRetry: (trouble: string, pauseMs: number) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends a request until it is answered with something else than a passing trouble, or the tries are used up: then the
 * last answer is returned, or the last error thrown. `send` is called anew each time, so bodies must be opened in it.
 */
export async function requestPersistently(
  send: () => Promise<HttpResponse>,
  persistence: Persistence,
): Promise<HttpResponse> {
  for (let failures = 1; ; failures++) {
    const isLast = failures > persistence.retries
    let response: HttpResponse | undefined
    let trouble: string
    try {
      response = await send()
      if (isLast || !isTransientStatus(response.status)) return response
      trouble = `status ${response.status}`
      await discardBody(response)
    } catch (error) {
      if (isLast || !isTransientError(error) || persistence.signal?.aborted === true) throw error
      trouble = error instanceof Error ? error.message : String(error)
    }
    const retryAfter = response?.headers['retry-after']
    const wait = pauseMs({ ...persistence, failures, retryAfter, nowMs: Date.now(), random: Math.random() })
    persistence.onRetry(trouble, wait)
    await pause(wait, persistence.signal)
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
