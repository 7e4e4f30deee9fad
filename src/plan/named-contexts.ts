import { formatReference, type ImageReference, parseReference } from '../oci/reference.ts'

/** What a name given with --build-context stands for. */
export type NamedContext =
  /** The image without files: docker-image://scratch. */
  { readonly kind: 'scratch' } | { readonly kind: 'image'; readonly reference: ImageReference } | FilesContext

/** Files that the build opens when a step asks for them. */
export interface FilesContext {
  readonly kind: 'files'
  /** The name as it was given. */
  readonly name: string
  /** An absolute directory, or the address of an archive or a git repository. */
  readonly place: string
}

/** Contexts by `contextName`. */
export type NamedContexts = ReadonlyMap<string, NamedContext>

/** Names that always mean what they say, in capitals, too. */
const reserved = ['scratch', 'context']

/**
 * What a context is known by: names are image references, so that "alpine", "alpine:latest" and
 * "docker.io/library/alpine" are one. Throws "reference-invalid" for what is no reference.
 */
export function contextName(text: string): string {
  return formatReference(parseReference(text))
}

export function isReservedName(name: string): boolean {
  return reserved.includes(name.toLowerCase())
}

/** The context that takes the place of a stage or an image of that name. */
export function contextNamed(contexts: NamedContexts | undefined, name: string): NamedContext | undefined {
  if (contexts === undefined || contexts.size === 0 || isReservedName(name)) return undefined
  try {
    return contexts.get(contextName(name))
  } catch {
    // Stages may have names that no image can have.
    return undefined
  }
}
