import { isDigest } from '../src/oci/digest.ts'
import { dockerHub, formatReference, parseReference, type Reference } from '../src/oci/reference.ts'

/**
 * Compiles a pattern for references: "*" stands for any characters and "?" for one. It must match a reference as a whole,
 * in any spelling that means it ("debian:12", "docker.io/library/debian:12"), or its repository alone.
 */
export function referencePattern(pattern: string): (reference: string) => boolean {
  const source = [...pattern].map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c.replace(/\W/, '\\$&'))).join('')
  const expression = new RegExp(`^${source}$`, 's')
  return (reference) => spellings(reference).some((name) => expression.test(name))
}

function spellings(text: string): readonly string[] {
  if (isDigest(text)) return [text]
  const reference = parsed(text)
  if (reference === undefined) return [text]
  const whole = formatReference(reference)
  const repository = formatReference({ ...reference, tag: undefined, digest: undefined })
  return [whole, repository].flatMap(shorter)
}

function parsed(text: string): Reference | undefined {
  try {
    return parseReference(text)
  } catch {
    // Other tools give the images of a layout any names.
    return undefined
  }
}

/** Names of Docker Hub may leave out the host, and "library". */
function shorter(name: string): readonly string[] {
  if (!name.startsWith(`${dockerHub}/`)) return [name]
  const path = name.slice(dockerHub.length + 1)
  const own = path.startsWith('library/') ? [path.slice('library/'.length)] : []
  return [name, `docker.io/${path}`, path, ...own]
}
