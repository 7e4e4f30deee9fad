import { HearthError } from '../errors.ts'
import { type Digest, isDigest } from './digest.ts'

/** registry/repository[:tag][@digest], completed with Docker Hub's defaults. */
export interface Reference {
  /** Host and port as written in manifests and credentials: "index.docker.io" for Docker Hub. */
  readonly registry: string
  /** "library/debian" */
  readonly repository: string
  readonly tag: string | undefined
  readonly digest: Digest | undefined
}

/** An image of an OCI layout on disk. */
export interface LayoutReference {
  /** The layout's directory. */
  readonly layout: string
  /** What the layout calls it; undefined where a digest says enough, or it is the only one. */
  readonly tag: string | undefined
  readonly digest: Digest | undefined
}

/** Where an image comes from: a registry, or a layout on disk. */
export type ImageReference = Reference | LayoutReference

export function isInLayout(reference: ImageReference): reference is LayoutReference {
  return 'layout' in reference
}

export const dockerHub = 'index.docker.io'

const separator = '(?:[._]|__|-+)'
const component = `[a-z0-9]+(?:${separator}[a-z0-9]+)*`
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`)
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const registryPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`)
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/** Parses an image reference by the grammar of the distribution project; without tag and digest the tag is "latest". */
export function parseReference(text: string): Reference {
  const parsed = parseParts(text)
  return parsed.tag === undefined && parsed.digest === undefined ? { ...parsed, tag: 'latest' } : parsed
}

/** Parses "registry/repository" without tag or digest, as --cache-repo takes it. */
export function parseRepository(text: string): Reference {
  const parsed = parseParts(text)
  if (parsed.tag === undefined && parsed.digest === undefined) return parsed
  throw refuse(text, 'a repository is expected here, without tag or digest')
}

function parseParts(text: string): Reference {
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : text.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) throw refuse(text, `"${digest}" is not a digest`)
  const named = at < 0 ? text : text.slice(0, at)
  const colon = named.lastIndexOf(':')
  const hasTag = colon > named.lastIndexOf('/')
  const tag = hasTag ? named.slice(colon + 1) : undefined
  if (tag !== undefined && !tagPattern.test(tag)) throw refuse(text, `"${tag}" is not a tag`)
  const { registry, repository } = splitRegistry(hasTag ? named.slice(0, colon) : named)
  if (!registryPattern.test(registry)) throw refuse(text, `"${registry}" is not a registry host`)
  if (!repositoryPattern.test(repository))
    throw refuse(text, `"${repository}" is not a repository name (lower case only)`)
  if (repository.length > 255) throw refuse(text, 'the repository name is longer than 255 characters')
  return { registry, repository, tag, digest }
}

function splitRegistry(name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase()
  if (!isHost) return { registry: dockerHub, repository: slash < 0 ? `library/${name}` : name }
  const rest = name.slice(slash + 1)
  if (first !== 'docker.io' && first !== dockerHub) return { registry: first, repository: rest }
  return { registry: dockerHub, repository: rest.includes('/') ? rest : `library/${rest}` }
}

/** "index.docker.io/library/debian" */
export function repositoryName(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`
}

/** The full text, "index.docker.io/library/debian:12@sha256:…", or "oci-layout://directory:tag". */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`
  const name = isInLayout(reference) ? `oci-layout://${reference.layout}` : repositoryName(reference)
  return `${name}${tag}${digest}`
}

/** As people write it, without what Docker Hub's names need not say: "debian:12". */
export function shortReference(reference: ImageReference): string {
  return formatReference(reference).replace(`${dockerHub}/library/`, '').replace(`${dockerHub}/`, '')
}

function refuse(text: string, why: string): HearthError {
  return new HearthError({
    code: 'reference-invalid',
    message: `"${text}" is not an image reference`,
    why,
    fix: 'Write it as [registry/]repository[:tag][@digest], for example registry.example/team/app:1.0.',
  })
}
