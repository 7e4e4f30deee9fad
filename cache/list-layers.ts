import { lstatSync, unlinkSync } from 'node:fs'
import type { BlobIdentity } from '../src/content/blob-writing.ts'
import { HearthError, systemCode } from '../src/errors.ts'
import type { Digest } from '../src/oci/digest.ts'
import type { CacheItem } from './cache-item.ts'
import { documentsIn, identityOf, mentionedDigests, type StoredDocument } from './documents.ts'
import { type Entry, maxEntrySize, parseEntry, readSmallFile } from './entry-file.ts'
import type { CacheKey } from './key.ts'
import type { LayerUse } from './layer-index.ts'
import { readHistory } from './read-history.ts'
import type { StoredBlob } from './stored-blobs.ts'

/** What was found of one kind, and what stands in documents of that kind that could not be understood. */
export interface ScannedItems {
  readonly items: readonly CacheItem[]
  /** Blobs that they may be keeping. */
  readonly kept: readonly Digest[]
}

/** Files read at once. */
const batchSize = 64

/** The layers of a cache directory whose blobs have been listed, in no particular order. */
export async function scanLayers(directory: string, blobs: ReadonlyMap<Digest, StoredBlob>): Promise<ScannedItems> {
  const history = readHistory(directory)
  const documents = documentsIn(directory, 'entries')
  const items: CacheItem[] = []
  const kept: Digest[] = []
  for (let at = 0; at < documents.length; at += batchSize) {
    const batch = documents.slice(at, at + batchSize)
    const contents = await Promise.all(batch.map(({ path }) => readSmallFile(path, maxEntrySize)))
    for (const [i, document] of batch.entries()) {
      const bytes = contents[i]
      const entry = bytes === undefined ? undefined : understood(bytes, document)
      if (entry !== undefined) items.push(itemOf(document, entry, { use: history.get(entry.key), blobs }))
      else if (bytes !== undefined) kept.push(...mentionedDigests(bytes))
    }
  }
  return { items, kept }
}

function understood(bytes: Uint8Array, { name }: StoredDocument): Entry | undefined {
  try {
    return parseEntry(bytes, name as CacheKey)
  } catch (error) {
    if (error instanceof HearthError) return undefined
    throw error
  }
}

interface Known {
  readonly use: LayerUse | undefined
  readonly blobs: ReadonlyMap<Digest, StoredBlob>
}

function itemOf({ path, stat }: StoredDocument, entry: Entry, { use, blobs }: Known): CacheItem {
  const { key, text, created, layer, record } = entry
  const inputs = record.inputs === undefined ? [] : [inputsBlob(record.inputs, blobs)]
  return {
    kind: 'layer',
    name: key,
    title: text,
    created,
    lastUsed: new Date(Math.max(stat.mtimeMs, use?.lastUsed.getTime() ?? 0)),
    hits: use?.hits,
    blobs: [{ digest: layer.digest, size: layer.size }, ...inputs],
    size: stat.size,
    remove: async () => removeUnchanged(path, identityOf(stat)),
  }
}

/** An entry says which list of inputs it was made of, not how long that is. */
function inputsBlob(digest: Digest, blobs: ReadonlyMap<Digest, StoredBlob>): BlobIdentity {
  return { digest, size: blobs.get(digest)?.size ?? 0 }
}

/** Removes a file unless somebody has used or replaced it meanwhile. */
export function removeUnchanged(path: string, identity: string): boolean {
  try {
    const stat = lstatSync(path)
    if (identityOf(stat) !== identity) return false
    unlinkSync(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true
    throw error
  }
}
