import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { onDiskOf } from '../../content/disk-error.ts'
import { HearthError } from '../../errors.ts'
import { decodedPart, getFile } from '../../http/get-file.ts'
import { discardBody, type HttpClient, type HttpResponse } from '../../http/http-client.ts'
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
  return { directory, name: fileName, digest, mtimeNs }
}

/** The name an address gives a file: the last part of its path; undefined when it has none. */
export function nameInUrl(url: URL): string | undefined {
  const path = decodedPart(url.pathname)
  const name = basename(path)
  return name === '' || name === '.' || name === '..' || name.includes('\0') ? undefined : name
}

/** Any name: the copy gets its own. */
const fileName = 'content'

async function ask(url: URL, options: DownloadOptions): Promise<HttpResponse> {
  try {
    return await getFile(url, options)
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
