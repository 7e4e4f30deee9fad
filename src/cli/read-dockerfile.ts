import { downloadDockerfile } from '../context/download-dockerfile.ts'
import { type FoundDockerfile, findDockerfile } from '../context/find-dockerfile.ts'
import { isWebAddress } from '../dockerfile/web-address.ts'
import type { HttpClient } from '../http/http-client.ts'

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
  return { text: await downloadDockerfile(url, { http, signal }) }
}
