import { dockerHub, type Reference } from '../oci/reference.ts'

/** One place that may hold a repository. */
export interface Endpoint {
  /** Host and port to connect to. */
  readonly host: string
  /** The name credentials are kept under. */
  readonly registry: string
  /** The repository's name at this host. */
  readonly repository: string
  readonly isMirror: boolean
}

export interface MirrorPolicy {
  /** Registry → mirrors in the order to try, each "host" or "host/prefix". */
  readonly mirrors: ReadonlyMap<string, readonly string[]>
  /** Whether the registry itself is asked after its mirrors. */
  readonly fallback: boolean
}

/** Where to pull a repository from, in order. */
export function pullEndpoints(reference: Reference, policy: MirrorPolicy): readonly Endpoint[] {
  const { registry, repository } = reference
  const names = registry === dockerHub ? [dockerHub, 'docker.io'] : [registry]
  const mirrors = names
    .flatMap((name) => policy.mirrors.get(name) ?? [])
    .map((mirror) => mirrorEndpoint(mirror, repository))
  return mirrors.length > 0 && !policy.fallback ? mirrors : [...mirrors, originEndpoint(reference)]
}

/** The registry itself: the only place pushed to. */
export function originEndpoint(reference: Reference): Endpoint {
  const { registry, repository } = reference
  return { host: connectHost(registry), registry, repository, isMirror: false }
}

function mirrorEndpoint(mirror: string, repository: string): Endpoint {
  const [name = '', ...prefix] = mirror
    .replace(/^https?:\/\//, '')
    .split('/')
    .filter((part) => part !== '')
  const registry = name === 'docker.io' ? dockerHub : name
  return { host: connectHost(registry), registry, repository: [...prefix, repository].join('/'), isMirror: true }
}

// Docker Hub's name in references and credentials is not the host that serves it.
function connectHost(registry: string): string {
  return registry === dockerHub ? 'registry-1.docker.io' : registry
}
