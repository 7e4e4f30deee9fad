import { HearthError } from '../errors.ts'
import { discardBody, type HttpResponse } from '../http/http-client.ts'
import { isTransientStatus } from '../http/retry.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { type Digest, isDigest, splitDigest } from '../oci/digest.ts'
import { isIndexType, isManifestType, mediaTypes } from '../oci/media-type.ts'
import { collect } from '../stream/bytes.ts'
import { DigestingStream } from '../stream/digesting.ts'
import type { Endpoint } from './endpoint.ts'
import { registryError, type Subject, unreachable } from './registry-error.ts'
import type { RegistryRequest, RegistrySession } from './registry-session.ts'
import { repositoryScope } from './scope.ts'

/** The largest manifest or index that is read, in bytes. */
export const maxManifestSize = 4 << 20

export interface ManifestAddress {
  readonly endpoint: Endpoint
  readonly tagOrDigest: string
  readonly subject: Subject
  readonly retries: number
  readonly signal?: AbortSignal | undefined
}

const accept = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerList, mediaTypes.dockerManifest].join(
  ', ',
)

/** What a tag points to; HEAD, and GET where the answer to HEAD lacks something. */
export async function resolveManifest(session: RegistrySession, address: ManifestAddress): Promise<Descriptor> {
  const response = await session.send(manifestRequest('HEAD', address))
  if (isTransientStatus(response.status)) throw await registryError(response, address.subject)
  await discardBody(response)
  const digest = response.headers['docker-content-digest']
  const size = Number(response.headers['content-length'] ?? Number.NaN)
  const mediaType = contentType(response)
  const isPlain = isIndexType(mediaType) || isManifestType(mediaType)
  if (
    response.status === 200 &&
    digest !== undefined &&
    isDigest(digest) &&
    Number.isSafeInteger(size) &&
    size > 0 &&
    isPlain
  ) {
    if (!isDigest(address.tagOrDigest) || digest === address.tagOrDigest) return { mediaType, digest, size }
  }
  return (await getManifest(session, address)).descriptor
}

/** The bytes of a manifest or index, checked against the digest that was asked for and the one the registry names. */
export async function getManifest(
  session: RegistrySession,
  address: ManifestAddress,
): Promise<{ readonly descriptor: Descriptor; readonly bytes: Uint8Array }> {
  const response = await session.send(manifestRequest('GET', address))
  if (response.status !== 200) throw await registryError(response, address.subject)
  const bytes = await manifestBody(response, address.subject)
  const named = response.headers['docker-content-digest']
  const asked = isDigest(address.tagOrDigest) ? address.tagOrDigest : undefined
  const algorithm = asked ?? (named !== undefined && isDigest(named) ? named : undefined)
  const digest = digestOfBytes(bytes, algorithm === undefined ? 'sha256' : splitDigest(algorithm).algorithm)
  if (asked !== undefined && digest !== asked) throw wrongDigest(address.subject, asked, digest)
  if (named !== undefined) checkNamedDigest(named, digest, address.subject)
  return { descriptor: { mediaType: contentType(response), digest, size: bytes.byteLength }, bytes }
}

/** Stores a manifest under a tag or its digest. */
export async function putManifest(
  session: RegistrySession,
  address: ManifestAddress,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
): Promise<Digest> {
  const { endpoint, subject, tagOrDigest, retries, signal } = address
  const response = await session.send({
    endpoint,
    method: 'PUT',
    target: `manifests/${tagOrDigest}`,
    scopes: [repositoryScope(endpoint.repository, 'pull,push')],
    subject,
    headers: { 'content-type': manifest.mediaType },
    body: () => manifest.bytes,
    retries,
    signal,
  })
  if (response.status !== 201 && response.status !== 200) throw await registryError(response, subject)
  await discardBody(response)
  const digest = digestOfBytes(manifest.bytes, isDigest(tagOrDigest) ? splitDigest(tagOrDigest).algorithm : 'sha256')
  checkNamedDigest(response.headers['docker-content-digest'] ?? digest, digest, subject)
  return digest
}

function manifestRequest(method: 'GET' | 'HEAD', address: ManifestAddress): RegistryRequest {
  const { endpoint, subject, tagOrDigest, retries, signal } = address
  const scopes = [repositoryScope(endpoint.repository, 'pull')]
  return { endpoint, method, target: `manifests/${tagOrDigest}`, scopes, subject, headers: { accept }, retries, signal }
}

function contentType(response: HttpResponse): string {
  return response.headers['content-type']?.split(';')[0]?.trim() ?? ''
}

async function manifestBody(response: HttpResponse, subject: Subject): Promise<Uint8Array> {
  try {
    return await collect(response.body, maxManifestSize)
  } catch (error) {
    if (!(error instanceof RangeError)) throw unreachable(error, subject)
    const message = `The manifest of ${subject.what} is larger than ${maxManifestSize >> 20} MiB`
    throw new HearthError({ code: 'manifest-invalid', message, where: subject.host })
  }
}

function digestOfBytes(bytes: Uint8Array, algorithm: 'sha256' | 'sha512'): Digest {
  const digesting = new DigestingStream(algorithm)
  digesting.update(bytes)
  return digesting.digest()
}

// A digest of another algorithm says nothing about ours.
function checkNamedDigest(named: string, actual: Digest, subject: Subject): void {
  if (named === actual || !isDigest(named)) return
  if (splitDigest(named).algorithm === splitDigest(actual).algorithm) throw wrongDigest(subject, named, actual)
}

function wrongDigest(subject: Subject, expected: string, actual: string): HearthError {
  return new HearthError({
    code: 'integrity',
    message: `The manifest of ${subject.what} is not what was promised`,
    where: subject.host,
    why: `expected ${expected}, got ${actual}`,
    fix: 'The registry holds a damaged copy, or something in between changed it: push the image again or use another mirror.',
  })
}
