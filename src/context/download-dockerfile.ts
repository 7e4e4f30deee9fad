import { HearthError } from '../errors.ts'
import { discardBody, type HttpClient } from '../http/http-client.ts'
import { requestFile } from '../http/request-file.ts'
import { TransportError } from '../http/transport-error.ts'
import { collect } from '../stream/bytes.ts'
import { maxSteeringFileSize } from './steering-file.ts'

interface DownloadOptions {
  readonly http: HttpClient
  readonly signal: AbortSignal
}

/** The text of a Dockerfile on the web. Throws a HearthError "dockerfile-missing" that shows nothing secret. */
export async function downloadDockerfile(url: URL, options: DownloadOptions): Promise<string> {
  try {
    const response = await requestFile(url, options)
    if (response.status === 200) return new TextDecoder().decode(await collect(response.body, maxSteeringFileSize))
    await discardBody(response)
    throw failed(url, `the answer of ${response.url.host} is ${response.status}`)
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof RangeError) throw failed(url, `it is larger than ${maxSteeringFileSize >> 20} MiB`, error)
    throw error instanceof TransportError ? failed(url, error.message, error) : error
  }
}

function failed(url: URL, why: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'dockerfile-missing',
    message: `The Dockerfile ${url.origin}${url.pathname} cannot be downloaded`,
    why,
    fix: 'Check the address, and that this machine reaches it.',
    cause,
  })
}
