import { join } from 'node:path'
import { OciLayout } from '../src/content/oci-layout.ts'
import { HearthError } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import type { Digest } from '../src/oci/digest.ts'
import { documentsIn, mentionedDigests } from './documents.ts'
import { maxEntrySize, readSmallFile } from './entry-file.ts'
import { ImageBlobs } from './image-blobs.ts'
import { listImages } from './image-items.ts'
import type { ScannedItems } from './list-layers.ts'
import type { StoredBlob } from './stored-blobs.ts'
import { parseReferenceFile } from './warm-reference.ts'

/** The images of a cache directory whose blobs have been listed, and the blobs that documents speak of which are damaged. */
export async function scanImages(directory: string, blobs: ReadonlyMap<Digest, StoredBlob>): Promise<ScannedItems> {
  const images = new ImageBlobs(directory, blobs)
  const listed = await listImages(directory)
  const items = await Promise.all(
    listed.map(async (item) => ({ ...item, name: item.reference, blobs: await images.of(item.manifest.digest) })),
  )
  return { items, kept: [...(await keptByReferences(directory)), ...(await keptByLayout(directory))] }
}

async function keptByReferences(directory: string): Promise<readonly Digest[]> {
  const kept: Digest[] = []
  for (const { path } of documentsIn(directory, 'refs')) {
    const bytes = await readSmallFile(path, maxEntrySize)
    if (bytes === undefined) continue
    try {
      parseReferenceFile(bytes, path)
    } catch (error) {
      if (!(error instanceof HearthError)) throw error
      kept.push(...mentionedDigests(bytes))
    }
  }
  return kept
}

async function keptByLayout(directory: string): Promise<readonly Digest[]> {
  try {
    await (await OciLayout.open(directory, { readOnly: true })).images()
    return []
  } catch (error) {
    if (!(error instanceof HearthError)) throw error
    const bytes = await readSmallFile(join(directory, 'index.json'), maxDocumentSize)
    return bytes === undefined ? [] : mentionedDigests(bytes)
  }
}
