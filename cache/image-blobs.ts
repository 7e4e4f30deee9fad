import type { BlobIdentity } from '../src/content/blob-writing.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import type { Digest } from '../src/oci/digest.ts'
import { mentionedDigests } from './documents.ts'
import { readSmallFile } from './entry-file.ts'
import type { StoredBlob } from './stored-blobs.ts'
import { blobPath } from './trash.ts'

/** The most levels of manifests below each other: an index, an index of it, a manifest. */
const maxDepth = 3

/** The blobs that images consist of, and what else their manifests mention; manifests are read once. */
export class ImageBlobs {
  readonly #directory: string
  readonly #blobs: ReadonlyMap<Digest, StoredBlob>
  readonly #known = new Map<Digest, Promise<readonly Digest[]>>()

  constructor(directory: string, blobs: ReadonlyMap<Digest, StoredBlob>) {
    this.#directory = directory
    this.#blobs = blobs
  }

  /** Those that are there, the manifest or index among them. */
  async of(digest: Digest): Promise<readonly BlobIdentity[]> {
    const found = new Set<Digest>()
    await this.#collect(digest, found, 0)
    return [...found]
      .flatMap((one) => this.#blobs.get(one) ?? [])
      .map((blob) => ({ digest: blob.digest, size: blob.size }))
  }

  async #collect(digest: Digest, found: Set<Digest>, depth: number): Promise<void> {
    if (found.has(digest)) return
    found.add(digest)
    if (depth === maxDepth) return
    for (const next of await this.#mentioned(digest)) await this.#collect(next, found, depth + 1)
  }

  #mentioned(digest: Digest): Promise<readonly Digest[]> {
    const known = this.#known.get(digest) ?? this.#read(digest)
    this.#known.set(digest, known)
    return known
  }

  async #read(digest: Digest): Promise<readonly Digest[]> {
    const blob = this.#blobs.get(digest)
    if (blob === undefined || blob.size > maxDocumentSize) return []
    const bytes = await readSmallFile(blobPath(this.#directory, digest), maxDocumentSize)
    return bytes !== undefined && isManifest(bytes) ? mentionedDigests(bytes) : []
  }
}

/** A manifest or an index, as against a configuration, a layer, or anything else. */
function isManifest(bytes: Uint8Array): boolean {
  if (bytes[0] !== '{'.charCodeAt(0)) return false
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString())
    return typeof document === 'object' && document !== null && ('layers' in document || 'manifests' in document)
  } catch {
    return false
  }
}
