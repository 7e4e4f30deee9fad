import type { HttpResponse } from '../http/http-client.ts'
import { discardBody } from '../http/http-client.ts'
import { isTransientStatus } from '../http/retry.ts'
import { TransportError } from '../http/transport-error.ts'
import type { Log } from '../log.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { Endpoint } from './endpoint.ts'
import { registryError, type Subject, unreachable } from './registry-error.ts'
import type { RegistrySession } from './registry-session.ts'
import { repositoryScope } from './scope.ts'

export interface BlobAddress {
  readonly endpoint: Endpoint
  readonly digest: Digest
  readonly subject: Subject
  readonly retries: number
  readonly signal?: AbortSignal | undefined
}

/** Whether the registry has a blob; `size` is what it says about it, if it says so. */
export async function headBlob(
  session: RegistrySession,
  address: BlobAddress,
): Promise<{ readonly exists: boolean; readonly size?: number }> {
  const { endpoint, digest, subject, retries, signal } = address
  const scopes = [repositoryScope(endpoint.repository, subject.action === 'push' ? 'pull,push' : 'pull')]
  const response = await session.send({
    endpoint,
    method: 'HEAD',
    target: `blobs/${digest}`,
    scopes,
    subject,
    retries,
    signal,
  })
  await discardBody(response)
  if (response.status === 404) return { exists: false }
  // An answer to HEAD has no words; when pushing, the next request is answered with some.
  if (subject.action === 'push' && response.status >= 300 && !isTransientStatus(response.status))
    return { exists: false }
  if (response.status !== 200) throw await registryError(response, subject)
  const length = response.headers['content-length']
  return { exists: true, ...(length === undefined ? {} : { size: Number(length) }) }
}

// A connection that carried this much before it broke was no failed try.
const worthwhileBytes = 1 << 20

/**
 * The bytes of a blob from `from` on, not verified. After a broken connection it asks for the rest and goes on where it
 * stopped. It may end early when the registry's copy is short.
 */
export async function* readBlob(
  session: RegistrySession,
  address: BlobAddress & { readonly descriptor: Descriptor; readonly from: number; readonly log: Log },
): Bytes {
  const { descriptor, subject, log } = address
  let at = address.from
  let failures = 0
  let whole = false
  while (at < descriptor.size || (at === 0 && descriptor.size === 0)) {
    const response = await requestFrom(session, address, whole ? 0 : at)
    const skip = bytesToSkip(response, at)
    if (skip === undefined) {
      await discardBody(response)
      if (whole || at === 0) throw await registryError(response, subject)
      whole = true
      continue
    }
    const before = at
    try {
      for await (const chunk of withoutHead(response.body, skip)) {
        at += chunk.byteLength
        yield chunk
      }
      return
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      failures = at - before >= worthwhileBytes ? 0 : failures + 1
      if (failures > address.retries || !error.transient) throw unreachable(error, subject)
      log.debug(`${subject.host}: ${subject.what} broke off after ${at} of ${descriptor.size} bytes: ${error.message}`)
      whole = false
    }
  }
}

async function requestFrom(session: RegistrySession, address: BlobAddress, from: number): Promise<HttpResponse> {
  const { endpoint, digest, subject, retries, signal } = address
  const scopes = [repositoryScope(endpoint.repository, 'pull')]
  const headers: Readonly<Record<string, string>> = from === 0 ? {} : { range: `bytes=${from}-` }
  const request = {
    endpoint,
    method: 'GET' as const,
    target: `blobs/${digest}`,
    scopes,
    subject,
    headers,
    retries,
    signal,
  }
  const response = await session.send(request)
  if (response.status === 200 || response.status === 206 || response.status === 416) return response
  throw await registryError(response, subject)
}

/** How many bytes of this answer were there before; undefined when the answer is of no use. */
function bytesToSkip(response: HttpResponse, at: number): number | undefined {
  if (response.status === 200) return at
  const range = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')
  return response.status === 206 && range !== null && Number(range[1]) === at ? 0 : undefined
}

async function* withoutHead(source: Bytes, size: number): Bytes {
  let left = size
  for await (const chunk of source) {
    if (left >= chunk.byteLength) left -= chunk.byteLength
    else {
      yield left === 0 ? chunk : chunk.subarray(left)
      left = 0
    }
  }
}
