import { createHash } from 'node:crypto'
import { HearthError } from '../errors.ts'

/** "sha256:<64 hex>": the hash of bytes as they are stored (a compressed layer, a manifest). */
export type Digest = string & { readonly __brand: 'Digest' }

/** "sha256:<64 hex>": the hash of an uncompressed layer tar. Never interchangeable with a Digest. */
export type DiffID = string & { readonly __brand: 'DiffID' }

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

export function isDigest(text: string): text is Digest {
  return pattern.test(text)
}

/** Refuses everything that is not a canonical sha256 or sha512 digest, before it can become a path or a URL. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new HearthError({
    code: 'integrity',
    message: `"${text.slice(0, 100)}" is not a valid digest`,
    fix: 'A digest is "sha256:" followed by 64 lower-case hexadecimal digits.',
  })
}

export function parseDiffID(text: string): DiffID {
  return parseDigest(text) as string as DiffID
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
}

/** The two halves of a digest: its algorithm, and its hexadecimal text. */
export function splitDigest(digest: Digest): { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string } {
  const colon = digest.indexOf(':')
  return { algorithm: digest.slice(0, colon) as 'sha256' | 'sha512', hex: digest.slice(colon + 1) }
}

/** The first characters of a digest's hex, enough for a person to tell two apart. */
export function shortDigest(digest: Digest | DiffID | ChainID): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12)
}

/** The identity of a stack of layers, as the OCI image specification defines it. */
export type ChainID = string & { readonly __brand: 'ChainID' }

/** ChainID of layers from the lowest to the topmost; undefined for no layers (scratch). */
export function chainID(diffIDs: readonly DiffID[]): ChainID | undefined {
  let chain: string | undefined
  for (const diffID of diffIDs) chain = chain === undefined ? diffID : digestOf(`${chain} ${diffID}`)
  return chain as ChainID | undefined
}
