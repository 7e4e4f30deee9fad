import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectoryIn, makeFileIn } from '../src/content/shared-directory.ts'
import { type ChainID, chainID, type DiffID, type Digest, splitDigest } from '../src/oci/digest.ts'

/** The directory of everything that is kept about what layers unpack to. */
export const unpackedName = 'unpacked'

/** The file of a place whose time is that of the last use. */
export const usedName = 'used'

/** Of a cache directory, where it keeps what these layers unpack to, and what that is called. */
export interface UnpackedPlace {
  readonly chain: ChainID
  readonly path: string
  /** What "unpacked/" has it under. */
  readonly name: string
}

const placeName = /^(sha256|sha512)-([0-9a-f]+)$/

/** Undefined for no layers. */
export function unpackedPlace(cacheDirectory: string, layers: readonly DiffID[]): UnpackedPlace | undefined {
  const chain = chainID(layers)
  if (chain === undefined) return undefined
  // Some filesystems take no colons.
  const { algorithm, hex } = splitDigest(chain as string as Digest)
  const name = `${algorithm}-${hex}`
  return { chain, name, path: join(cacheDirectory, unpackedName, name) }
}

/** The chainID that a name below "unpacked/" stands for; undefined for other names. */
export function chainOfPlace(name: string): ChainID | undefined {
  const [, algorithm, hex] = placeName.exec(name) ?? []
  return algorithm === undefined ? undefined : (`${algorithm}:${hex}` as ChainID)
}

/** Makes the directory of a place. Its files appear whole or not at all. */
export function makePlace(cacheDirectory: string, { name }: UnpackedPlace): void {
  makeDirectoryIn(cacheDirectory, unpackedName, name)
}

/** Says that what is kept there was used at this moment. Failure means that it looks unused, and nothing else. */
export function markUsed(cacheDirectory: string, { path }: UnpackedPlace): void {
  try {
    const mark = join(path, usedName)
    makeFileIn(cacheDirectory, mark)
    // Whoever may write to it may do this, whosever it is, and the time is that of the filesystem's clock.
    writeFileSync(mark, '\n')
  } catch {
    return
  }
}
