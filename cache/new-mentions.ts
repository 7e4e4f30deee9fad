import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import type { Digest } from '../src/oci/digest.ts'
import { documentsIn, identityOf, mentionedDigests } from './documents.ts'
import { maxEntrySize, readSmallFile } from './entry-file.ts'
import { ImageBlobs } from './image-blobs.ts'
import { storedBlobs } from './stored-blobs.ts'

/** The documents of a cache directory at one moment: paths, and what changes when they do. */
export type DocumentsSeen = ReadonlyMap<string, string>

export function seeDocuments(directory: string): DocumentsSeen {
  return new Map(documentsOf(directory).map(({ path, stat }) => [path, identityOf(stat)]))
}

/** The blobs that documents speak of which were written or used since they were seen. */
export async function newMentions(directory: string, seen: DocumentsSeen): Promise<ReadonlySet<Digest>> {
  const mentioned = new Set<Digest>()
  const images = new ImageBlobs(directory, storedBlobs(directory))
  for (const { path, stat } of documentsOf(directory)) {
    if (seen.get(path) === identityOf(stat)) continue
    const bytes = await readSmallFile(path, Math.max(maxEntrySize, maxDocumentSize))
    for (const digest of bytes === undefined ? [] : mentionedDigests(bytes)) {
      mentioned.add(digest)
      for (const blob of await images.of(digest)) mentioned.add(blob.digest)
    }
  }
  return mentioned
}

function documentsOf(directory: string): readonly { readonly path: string; readonly stat: Stats }[] {
  const index = join(directory, 'index.json')
  const stat = lstatSync(index, { throwIfNoEntry: false })
  const layout = stat === undefined ? [] : [{ path: index, stat }]
  return [...documentsIn(directory, 'entries'), ...documentsIn(directory, 'refs'), ...layout]
}
