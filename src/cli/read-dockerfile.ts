import { type FoundDockerfile, findDockerfile } from '../context/find-dockerfile.ts'
import { maxSteeringFileSize } from '../context/steering-file.ts'
import { isWebAddress } from '../dockerfile/web-address.ts'
import { HearthError } from '../errors.ts'
import { discardBody, type HttpClient } from '../http/http-client.ts'
import { requestFile } from '../http/request-file.ts'
import { TransportError } from '../http/transport-error.ts'
import { collect } from '../stream/bytes.ts'

export interface DockerfileAccess {
  readonly cwd: string
  /** The context's directory. */
  readonly directory: string
  readonly http: HttpClient
  readonly signal: AbortSignal
}

/** The Dockerfile that --dockerfile names; one from the web has no path, and no ignore file of its own. */
export async function readDockerfile(
  dockerfile: string,
  { cwd, directory, http, signal }: DockerfileAccess,
): Promise<Pick<FoundDockerfile, 'text'> & Partial<FoundDockerfile>> {
  const url = isWebAddress(dockerfile) ? URL.parse(dockerfile) : null
  if (url === null) return findDockerfile({ dockerfile, cwd, directory })
  return { text: await textAt(url, { http, signal }) }
}

async function textAt(url: URL, access: Pick<DockerfileAccess, 'http' | 'signal'>): Promise<string> {
  try {
    const response = await requestFile(url, access)
    if (response.status === 200) return (await collect(response.body, maxSteeringFileSize)).toString('utf8')
    await discardBody(response)
    throw missing(url, `the answer of ${response.url.host} is ${response.status}`)
  } catch (error) {
    if (error instanceof TransportError) throw missing(url, error.message, error)
    throw error instanceof RangeError ? missing(url, error.message, error) : error
  }
}

function missing(url: URL, why: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'dockerfile-missing',
    message: `The Dockerfile ${url.protocol}//${url.host}${url.pathname} cannot be used`,
    why,
    fix: 'Check the address that --dockerfile gives.',
    cause,
  })
}
