import { appendFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { diskError } from '../content/disk-error.ts'
import { isWebAddress } from '../dockerfile/web-address.ts'
import { HearthError } from '../errors.ts'
import { discardBody, type HttpClient } from '../http/http-client.ts'
import { TransportError } from '../http/transport-error.ts'
import type { Digest } from '../oci/digest.ts'
import { formatReference, type Reference, repositoryName } from '../oci/reference.ts'
import { writeOutputFile } from './output-file.ts'

export interface DigestFiles {
  /** Gets the digest, without a line end; a web address gets it with a PUT. */
  readonly digestFile?: string
  /** Gets a line "repository@digest" for each destination. */
  readonly imageNameWithDigestFile?: string
  /** Gets a line "repository:tag@digest" for each destination. */
  readonly imageNameTagWithDigestFile?: string
  /** A directory whose file "images" gets a line of JSON for each destination, behind what is there: Cloud Build reads them. */
  readonly builderOutput?: string
}

export interface Built {
  readonly digest: Digest
  readonly destinations: readonly Reference[]
}

/** What is sent somewhere is sent with this. */
export interface Sending {
  readonly http: HttpClient
  readonly signal?: AbortSignal | undefined
}

/** Tells others what was built. To be called when everything else has succeeded. */
export async function writeDigestFiles(
  files: DigestFiles,
  { digest, destinations }: Built,
  { http, signal }: Sending,
): Promise<void> {
  const { digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile, builderOutput } = files
  const names = destinations.map((reference) => `${repositoryName(reference)}@${digest}\n`)
  const tags = destinations.map((reference) => `${repositoryName(reference)}:${reference.tag ?? 'latest'}@${digest}\n`)
  if (digestFile !== undefined && isWebAddress(digestFile)) await send(digestFile, digest, { http, signal })
  else if (digestFile !== undefined) await writeText(digestFile, digest)
  if (imageNameWithDigestFile !== undefined) await writeText(imageNameWithDigestFile, names.join(''))
  if (imageNameTagWithDigestFile !== undefined) await writeText(imageNameTagWithDigestFile, tags.join(''))
  if (builderOutput === undefined) return
  const lines = destinations.map((reference) => `${JSON.stringify({ name: formatReference(reference), digest })}\n`)
  await appendText(join(builderOutput, 'images'), lines.join(''))
}

async function writeText(path: string, text: string): Promise<void> {
  if (isWebAddress(path)) throw toTheWeb(path)
  await writeOutputFile(path, text)
}

function toTheWeb(path: string): HearthError {
  return new HearthError({
    code: 'output-failed',
    message: `Names of images are written to files, not to web addresses: ${path}`,
    fix: 'Give the path of a file, or send the digest alone with --digest-file.',
  })
}

async function appendText(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    await appendFile(path, text)
  } catch (error) {
    throw diskError(error, path)
  }
}

async function send(address: string, text: string, { http, signal }: Sending): Promise<void> {
  const url = new URL(address)
  const place = `${url.protocol}//${url.host}${url.pathname}`
  try {
    const body = new TextEncoder().encode(text)
    const response = await http.request({ method: 'PUT', url, headers: { 'content-type': 'text/plain' }, body, signal })
    await discardBody(response)
    if (response.status < 200 || response.status > 299) throw notSent(place, `the answer is ${response.status}`)
  } catch (error) {
    throw error instanceof TransportError ? notSent(place, error.message, error) : error
  }
}

function notSent(place: string, why: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'output-failed',
    message: `The digest could not be sent to ${place}`,
    why,
    fix: 'Check the address that --digest-file gives. The image itself is where it was to go.',
    cause,
  })
}
