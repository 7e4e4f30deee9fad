import { HearthError } from '../src/errors.ts'
import { type GetFileOptions, getFile } from '../src/http/get-file.ts'
import { discardBody } from '../src/http/http-client.ts'
import { TransportError } from '../src/http/transport-error.ts'
import { collect } from '../src/stream/bytes.ts'

/** More than any Dockerfile has, in bytes. */
const maxSize = 16 << 20

/** The text of a Dockerfile on the web. Throws a HearthError "dockerfile-missing" that shows nothing secret. */
export async function downloadDockerfile(url: URL, options: GetFileOptions): Promise<string> {
  try {
    const response = await getFile(url, options)
    if (response.status === 200) return new TextDecoder().decode(await collect(response.body, maxSize))
    await discardBody(response)
    throw failed(url, `the answer of ${response.url.host} is ${response.status}`)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof RangeError) throw failed(url, `it is larger than ${maxSize >> 20} MiB`, error)
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
