import { HearthError } from '../errors.ts'
import { baseName, type RawPath, showPath } from '../tar/raw-path.ts'

/** What the name of an entry asks for in a layer. */
export type Marker =
  /** Nothing below the directory counts that lower layers put there. */
  | { readonly kind: 'opaque' }
  /** A file or directory of lower layers is gone. */
  | { readonly kind: 'whiteout'; readonly name: RawPath }
  /** Bookkeeping of an old storage driver, which is no content. */
  | { readonly kind: 'bookkeeping' }

const prefix = '.wh.'
const ownPrefix = '.wh..wh.'
const opaqueName = '.wh..wh..opq'

/** The marker a path of a layer stands for; undefined when it is an ordinary file. */
export function markerOf(path: RawPath): Marker | undefined {
  if (path.startsWith(ownPrefix) && path !== opaqueName) return { kind: 'bookkeeping' }
  const name = baseName(path)
  if (!name.startsWith(prefix)) return undefined
  if (name === opaqueName) return { kind: 'opaque' }
  if (name.startsWith(ownPrefix)) return { kind: 'bookkeeping' }
  const hidden = name.slice(prefix.length)
  if (hidden === '' || hidden === '.' || hidden === '..') throw invalidWhiteout(path)
  return { kind: 'whiteout', name: hidden as RawPath }
}

function invalidWhiteout(path: RawPath): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `The layer has a whiteout that names no file: ${showPath(path)}`,
    why: 'it would remove the directory it lies in, or the one above',
    fix: 'The image is damaged or made to do harm: get it again, or use another one.',
  })
}
