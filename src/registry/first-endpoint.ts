import { HearthError, messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { Endpoint } from './endpoint.ts'

export interface EndpointRun {
  /** In the order to try; not empty. */
  readonly endpoints: readonly Endpoint[]
  readonly log: Log
  /** Mirrors that were complained about already. */
  readonly warned: Set<string>
  readonly signal: AbortSignal | undefined
}

/** Tries each endpoint in turn: any error moves on to the next one, the last one's is thrown. */
export async function firstThatWorks<T>(run: EndpointRun, task: (endpoint: Endpoint) => Promise<T>): Promise<T> {
  for (const [index, endpoint] of run.endpoints.entries()) {
    try {
      return await task(endpoint)
    } catch (error) {
      moveOn(run, index, error)
    }
  }
  throw nowhere()
}

/** The same for a stream of `size` bytes; what one endpoint left out, the next one delivers from there on. */
export async function* streamFromFirst(
  run: EndpointRun,
  size: number,
  open: (endpoint: Endpoint, from: number) => Bytes,
): Bytes {
  let at = 0
  for (const [index, endpoint] of run.endpoints.entries()) {
    try {
      for await (const chunk of open(endpoint, at)) {
        at += chunk.byteLength
        yield chunk
      }
    } catch (error) {
      moveOn(run, index, error)
    }
    if (at >= size) return
  }
}

function moveOn(run: EndpointRun, index: number, error: unknown): void {
  const endpoint = run.endpoints[index]
  const next = run.endpoints[index + 1]
  run.signal?.throwIfAborted()
  if (endpoint === undefined || next === undefined) throw error
  const why = error instanceof HearthError && error.why !== undefined ? error.why : messageOf(error)
  const message = `The mirror ${endpoint.host} did not help (${why}); trying ${next.host}`
  if (run.warned.has(endpoint.host)) run.log.debug(message)
  else run.log.warn(message)
  run.warned.add(endpoint.host)
}

function nowhere(): HearthError {
  return new HearthError({
    code: 'usage',
    message: 'There is no registry to ask',
    fix: 'Name a mirror, or leave out --skip-default-registry-fallback.',
  })
}
