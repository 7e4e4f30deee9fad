import { HearthError } from '../errors.ts'
import { discardBody, type HttpResponse } from '../http/http-client.ts'
import { refusalToFollow } from '../http/reach.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { isDigest, splitDigest } from '../oci/digest.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { Endpoint } from './endpoint.ts'
import { registryError, type Subject } from './registry-error.ts'
import type { RegistrySession } from './registry-session.ts'
import { repositoryScope } from './scope.ts'

export interface Upload {
  readonly endpoint: Endpoint
  readonly descriptor: Descriptor
  readonly subject: Subject
  readonly retries: number
  readonly signal?: AbortSignal | undefined
}

/** Where the bytes of a blob go, as the registry said it. */
export type UploadAddress = URL

/**
 * Asks the registry to take a blob from another of its repositories. The answer may be that it is done, or the address
 * of an ordinary upload that it opened instead; undefined when it will not hear of it.
 */
export async function mountBlob(
  session: RegistrySession,
  upload: Upload,
  from: string,
): Promise<'mounted' | UploadAddress | undefined> {
  const { endpoint, descriptor, subject, retries, signal } = upload
  const response = await session.send({
    endpoint,
    method: 'POST',
    target: `blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=${encodeURIComponent(from)}`,
    scopes: [repositoryScope(endpoint.repository, 'pull,push'), repositoryScope(from, 'pull')],
    subject,
    headers: { 'content-length': '0' },
    retries,
    signal,
  })
  await discardBody(response)
  if (response.status === 201) return 'mounted'
  return response.status === 202 ? uploadAddress(response, subject) : undefined
}

export async function startUpload(session: RegistrySession, upload: Upload): Promise<UploadAddress> {
  const { endpoint, subject, retries, signal } = upload
  const response = await session.send({
    endpoint,
    method: 'POST',
    target: 'blobs/uploads/',
    scopes: [repositoryScope(endpoint.repository, 'pull,push')],
    subject,
    headers: { 'content-length': '0' },
    retries,
    signal,
  })
  if (response.status !== 202) throw await registryError(response, subject)
  await discardBody(response)
  return uploadAddress(response, subject)
}

/** Sends all bytes at once and ends the upload. One try: after a failure a new upload must be started. */
export async function sendBlob(
  session: RegistrySession,
  upload: Upload,
  o: { to: UploadAddress; open: () => Bytes },
): Promise<void> {
  const { endpoint, descriptor, subject, signal } = upload
  const target = new URL(o.to)
  // Appended as text: the registry's own query, which may be signed, must stay as it is.
  target.search += `${target.search === '' ? '?' : '&'}digest=${encodeURIComponent(descriptor.digest)}`
  const response = await session.send({
    endpoint,
    method: 'PUT',
    target,
    scopes: [repositoryScope(endpoint.repository, 'pull,push')],
    subject,
    headers: { 'content-type': 'application/octet-stream' },
    body: o.open,
    contentLength: descriptor.size,
    retries: 0,
    signal,
  })
  if (response.status !== 201 && response.status !== 204) throw await registryError(response, subject)
  await discardBody(response)
  checkStoredDigest(response, upload)
}

function uploadAddress(response: HttpResponse, subject: Subject): UploadAddress {
  const { location } = response.headers
  const address = location === undefined ? null : URL.parse(location, response.url.href)
  if (address === null) throw badAddress(subject, 'it names no address for the upload')
  // A registry behind a proxy that ends TLS may not know that it is spoken to by https.
  if (
    address.hostname === response.url.hostname &&
    response.url.protocol === 'https:' &&
    address.protocol === 'http:'
  ) {
    address.protocol = 'https:'
    address.port = response.url.port
  }
  const why = refusalToFollow(response.url, address, { allowPrivate: false })
  if (why !== undefined) throw badAddress(subject, why)
  return address
}

function badAddress(subject: Subject, why: string): HearthError {
  const message = `${subject.host} cannot be pushed to`
  return new HearthError({
    code: 'registry-refused',
    message,
    where: subject.what,
    why,
    fix: 'Ask who runs the registry.',
  })
}

function checkStoredDigest(response: HttpResponse, upload: Upload): void {
  const stored = response.headers['docker-content-digest']
  const { digest } = upload.descriptor
  if (stored === undefined || stored === digest || !isDigest(stored)) return
  if (splitDigest(stored).algorithm !== splitDigest(digest).algorithm) return
  const why = `${upload.subject.host} stored it as ${stored}`
  throw new HearthError({ code: 'integrity', message: `${upload.subject.what} was changed on the way`, why })
}
