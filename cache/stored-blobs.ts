import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isDigest } from '../src/oci/digest.ts'
import { namesIn } from './documents.ts'

/** A blob as it lies in a cache directory. */
export interface StoredBlob {
  readonly digest: Digest
  /** In bytes. */
  readonly size: number
  /** When it got its name, in ms by the filesystem's clock. */
  readonly written: number
}

/** Every blob of a cache directory, without a look into any. */
export function storedBlobs(directory: string): ReadonlyMap<Digest, StoredBlob> {
  const found = new Map<Digest, StoredBlob>()
  for (const algorithm of ['sha256', 'sha512']) {
    for (const hex of namesIn(join(directory, 'blobs', algorithm))) {
      const digest = `${algorithm}:${hex}`
      const stat = isDigest(digest)
        ? lstatSync(join(directory, 'blobs', algorithm, hex), { throwIfNoEntry: false })
        : undefined
      if (stat?.isFile() === true)
        found.set(digest as Digest, { digest: digest as Digest, size: stat.size, written: stat.ctimeMs })
    }
  }
  return found
}
