import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { onDiskOf } from '../../content/disk-error.ts'
import { HearthError } from '../../errors.ts'
import { discardBody, type HttpClient, type HttpResponse } from '../../http/http-client.ts'
import { decodedPart, type FileRequest, requestFile } from '../../http/request-file.ts'
import { TransportError } from '../../http/transport-error.ts'
import { type Digest, splitDigest } from '../../oci/digest.ts'
import { DigestingStream } from '../../stream/digesting.ts'

export interface DownloadOptions {
  readonly http: HttpClient
  /** Existing directory; the file gets a directory of its own in it. */
  readonly directory: string
  /** What the bytes must hash to. */
  readonly checksum?: Digest
  readonly signal?: AbortSignal
}

/** A file that came from the web. */
export interface Downloaded {
  /** Host directory that holds nothing but the file. */
  readonly directory: string
  /** The file's name in there. */
  readonly name: string
  readonly digest: Digest
  /** The server's Last-Modified; the epoch when it says nothing. */
  readonly mtimeNs: bigint
  /** What its server tells versions apart by. */
  readonly etag: string | undefined
  /** The same as a time, where two versions cannot have the same. */
  readonly lastModified: string | undefined
}

/** Downloads a file as it is. Failures are HearthErrors with code "add-download". */
export async function download(url: URL, options: DownloadOptions): Promise<Downloaded> {
  const response = await ask(url, options)
  if (response.status < 200 || response.status > 299) {
    await discardBody(response)
    throw failed(url, `the answer of ${response.url.host} is ${response.status}`)
  }
  const directory = join(options.directory, `download-${randomUUID()}`)
  const digest = await save(url, response, { ...options, directory })
  if (options.checksum !== undefined && digest !== options.checksum) {
    await rm(join(directory, fileName), { force: true })
    throw failed(url, `its bytes hash to ${digest}, not to ${options.checksum}`)
  }
  const modified = Date.parse(response.headers['last-modified'] ?? '')
  const mtimeNs = Number.isNaN(modified) ? 0n : BigInt(modified) * 1_000_000n
  return { directory, name: fileName, digest, mtimeNs, ...validatorsOf(response) }
}

/** Whether the server says that a file is still the one it delivered before. Whatever else it says is no. */
export async function isUnchanged(url: URL, before: Validators, options: DownloadOptions): Promise<boolean> {
  const condition = conditionOf(before)
  if (condition === undefined) return false
  const response = await ask(url, options, { method: 'HEAD', headers: condition })
  await discardBody(response)
  if (response.status === 304) return true
  return response.status === 200 && before.etag !== undefined && response.headers.etag === before.etag
}

type Validators = Pick<Downloaded, 'etag' | 'lastModified'>

function conditionOf({ etag, lastModified }: Validators): Readonly<Record<string, string>> | undefined {
  if (etag !== undefined) return { 'if-none-match': etag }
  return lastModified === undefined ? undefined : { 'if-modified-since': lastModified }
}

/** A time of whole seconds says nothing of a file that was changed just now. */
function validatorsOf({ headers }: HttpResponse): Validators {
  const { etag, 'last-modified': lastModified, date } = headers
  const age = Date.parse(date ?? '') - Date.parse(lastModified ?? '')
  return { etag: etag === '' ? undefined : etag, lastModified: age >= 60_000 ? lastModified : undefined }
}

/** The name an address gives a file: the last part of its path, or what BuildKit calls a file without one. */
export function nameInUrl(url: URL): string {
  const name = basename(decodedPart(url.pathname))
  return name === '' || name === '.' || name === '..' || name.includes('\0') ? '__unnamed__' : name
}

/** Any name: the copy gets its own. */
const fileName = 'content'

async function ask(
  url: URL,
  { http, signal }: DownloadOptions,
  question: Pick<FileRequest, 'method' | 'headers'> = {},
): Promise<HttpResponse> {
  try {
    return await requestFile(url, { ...question, http, signal })
  } catch (error) {
    throw error instanceof TransportError ? failed(url, error.message, error) : error
  }
}

async function save(url: URL, response: HttpResponse, options: DownloadOptions): Promise<Digest> {
  const { directory, checksum, signal } = options
  const digesting = new DigestingStream(checksum === undefined ? 'sha256' : splitDigest(checksum).algorithm)
  let broken: TransportError | undefined
  async function* received(): AsyncIterable<Uint8Array> {
    try {
      yield* digesting.pass(response.body)
    } catch (error) {
      if (error instanceof TransportError) broken = error
      throw error
    }
  }
  try {
    await onDiskOf(options.directory, mkdir(directory, { mode: 0o700 }))
    const file = createWriteStream(join(directory, fileName), { flags: 'wx', mode: 0o600 })
    await pipeline(Readable.from(received(), { objectMode: false }), file, {
      ...(signal === undefined ? {} : { signal }),
    })
    return digesting.digest()
  } catch (error) {
    signal?.throwIfAborted()
    if (broken !== undefined) throw failed(url, broken.message, broken)
    throw await onDiskOf(directory, Promise.reject(error)).catch((explained: unknown) => explained)
  }
}

function failed(url: URL, why: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'add-download',
    message: `Downloading ${url.protocol}//${url.host}${url.pathname} failed`,
    why,
    fix: 'Check the address, and that this machine reaches it.',
    cause,
  })
}
