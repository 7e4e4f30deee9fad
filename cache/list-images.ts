import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { BlobIdentity } from '../src/content/blob-writing.ts'
import { type LayoutImage, OciLayout } from '../src/content/oci-layout.ts'
import { HearthError } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import { type Digest, isDigest } from '../src/oci/digest.ts'
import type { CacheItem } from './cache-item.ts'
import { documentsIn, identityOf, mentionedDigests, type StoredDocument } from './documents.ts'
import { maxEntrySize, readSmallFile } from './entry-file.ts'
import { ImageBlobs } from './image-blobs.ts'
import { removeUnchanged, type ScannedItems } from './list-layers.ts'
import { type StoredBlob, storedBlobs } from './stored-blobs.ts'
import { blobPath } from './trash.ts'
import { parseReferenceFile, type WarmReference } from './warm-reference.ts'

interface FoundReference extends StoredDocument {
  readonly reference: WarmReference
}

/**
 * The images of a cache directory: one item for each name and platform, which goes with the digests it stood for; images
 * known by their digest alone; and what another tool has put into the layout.
 */
export async function listImages(directory: string): Promise<readonly CacheItem[]> {
  return (await scanImages(directory, storedBlobs(directory))).items
}

/** The same, where the directory's blobs have been listed already. */
export async function scanImages(directory: string, blobs: ReadonlyMap<Digest, StoredBlob>): Promise<ScannedItems> {
  const { references, kept } = await readReferences(directory)
  const layout = await readLayout(directory)
  const images = new ImageBlobs(directory, blobs)
  const items: CacheItem[] = []
  for (const [manifest, group] of byManifest(references)) {
    items.push(...groupItems(directory, group, await images.of(manifest)))
    // A reference without the manifest that tells its blobs keeps at least that.
    kept.push(manifest)
  }
  const known = new Set(references.map(({ reference }) => reference.manifest.digest))
  for (const image of layout.images.filter(({ descriptor }) => !known.has(descriptor.digest))) {
    items.push(layoutItem(directory, image, await images.of(image.descriptor.digest)))
  }
  return { items, kept: [...kept.filter((digest) => !known.has(digest)), ...layout.kept] }
}

function byManifest(references: readonly FoundReference[]): ReadonlyMap<Digest, readonly FoundReference[]> {
  const groups = new Map<Digest, FoundReference[]>()
  for (const found of references) {
    const { digest } = found.reference.manifest
    groups.set(digest, [...(groups.get(digest) ?? []), found])
  }
  return groups
}

interface FoundReferences {
  readonly references: readonly FoundReference[]
  readonly kept: Digest[]
}

async function readReferences(directory: string): Promise<FoundReferences> {
  const references: FoundReference[] = []
  const kept: Digest[] = []
  for (const document of documentsIn(directory, 'refs')) {
    const bytes = await readSmallFile(document.path, maxEntrySize)
    if (bytes === undefined) continue
    try {
      references.push({ ...document, reference: parseReferenceFile(bytes, document.path) })
    } catch (error) {
      if (!(error instanceof HearthError)) throw error
      kept.push(...mentionedDigests(bytes))
    }
  }
  return { references, kept }
}

interface ReadLayout {
  readonly images: readonly LayoutImage[]
  readonly kept: readonly Digest[]
}

async function readLayout(directory: string): Promise<ReadLayout> {
  try {
    const layout = await OciLayout.open(directory, { readOnly: true })
    return { images: await layout.images(), kept: [] }
  } catch (error) {
    if (!(error instanceof HearthError)) throw error
    const bytes = await readSmallFile(join(directory, 'index.json'), maxDocumentSize)
    return { images: [], kept: bytes === undefined ? [] : mentionedDigests(bytes) }
  }
}

/** The references to one image. Digests go with the last of its names. */
function groupItems(
  directory: string,
  group: readonly FoundReference[],
  blobs: readonly BlobIdentity[],
): readonly CacheItem[] {
  const named = group.filter(({ reference }) => !isDigest(reference.name))
  const digests = group.filter(({ reference }) => isDigest(reference.name))
  if (named.length === 0) return [referenceItem(directory, { leading: digests, following: [], others: [], blobs })]
  return named.map((one) => {
    const others = named.filter((other) => other !== one).map(({ path }) => path)
    return referenceItem(directory, { leading: [one], following: digests, others, blobs })
  })
}

interface ReferenceItem {
  /** What is listed: one name, or the digests of an image without one. */
  readonly leading: readonly FoundReference[]
  readonly following: readonly FoundReference[]
  /** Files of other names of the image. */
  readonly others: readonly string[]
  readonly blobs: readonly BlobIdentity[]
}

function referenceItem(directory: string, { leading, following, others, blobs }: ReferenceItem): CacheItem {
  const all = [...leading, ...following]
  const shown = leading.find(({ reference }) => reference.platform !== '') ?? leading[0]
  if (shown === undefined) throw new TypeError('an image without a reference')
  const { name, platform, manifest, resolvedAt } = shown.reference
  return {
    kind: 'image',
    name,
    title: platform === '' ? name : `${name} (${platform})`,
    created: resolvedAt,
    lastUsed: new Date(Math.max(...all.map(({ stat }) => stat.mtimeMs))),
    hits: undefined,
    blobs,
    size: all.reduce((sum, { stat }) => sum + stat.size, 0),
    async remove() {
      const gone = leading.map(({ path, stat }) => removeUnchanged(path, identityOf(stat)))
      if (gone.includes(false)) return false
      const isLast = !others.some((path) => existsSync(path))
      if (isLast) for (const { path, stat } of following) removeUnchanged(path, identityOf(stat))
      await removeFromLayout(directory, (image) => {
        return image.descriptor.digest === manifest.digest && (isLast || image.name === name)
      })
      return true
    },
  }
}

function layoutItem(directory: string, { descriptor, name }: LayoutImage, blobs: readonly BlobIdentity[]): CacheItem {
  const stat = lstatSync(blobPath(directory, descriptor.digest), { throwIfNoEntry: false })
  const time = new Date(stat?.mtimeMs ?? 0)
  return {
    kind: 'image',
    name: name ?? descriptor.digest,
    title: name ?? descriptor.digest,
    created: time,
    lastUsed: time,
    hits: undefined,
    blobs,
    size: 0,
    async remove() {
      await removeFromLayout(directory, (image) => image.name === name && image.descriptor.digest === descriptor.digest)
      return true
    },
  }
}

/** A damaged index.json is none of a prune's business. */
async function removeFromLayout(directory: string, isRemoved: (image: LayoutImage) => boolean): Promise<void> {
  try {
    const layout = await OciLayout.open(directory, { readOnly: true })
    if ((await layout.images()).some(isRemoved)) await layout.remove(isRemoved)
  } catch (error) {
    if (!(error instanceof HearthError) || error.code === 'disk-full') throw error
  }
}
