import { randomBytes } from 'node:crypto'
import { lstatSync, renameSync, type Stats, unlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import pLimit from 'p-limit'
import { openBlobFile, readChunks, unreadable } from '../src/content/read-blob.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { HearthError, systemCode } from '../src/errors.ts'
import type { Digest } from '../src/oci/digest.ts'
import { verify } from '../src/stream/verify.ts'
import type { CacheItem } from './cache-item.ts'
import { documentsIn, identityOf, type StoredDocument } from './documents.ts'
import { maxEntrySize, parseEntry, readSmallFile } from './entry-file.ts'
import { takeInventory } from './inventory.ts'
import type { CacheKey } from './key.ts'
import { type StoredBlob, storedBlobs } from './stored-blobs.ts'
import { blobPath } from './trash.ts'
import { reasonOf } from './trouble.ts'
import { parseReferenceFile } from './warm-reference.ts'

export interface VerifyOptions {
  /** What becomes of what is damaged: "keep" where the directory cannot be written. */
  readonly damaged: 'quarantine' | 'remove' | 'keep'
  /** Told of each blob when it has been read. */
  readonly onBlob?: (blob: StoredBlob) => void
  readonly signal?: AbortSignal
}

export interface DamagedFile {
  /** Below the cache directory. */
  readonly path: string
  readonly why: string
}

export interface VerifyOutcome {
  readonly blobs: number
  readonly bytes: number
  readonly documents: number
  readonly damaged: readonly DamagedFile[]
  /** Items that are made anew the next time somebody wants them, as a blob of theirs is damaged. */
  readonly misses: readonly CacheItem[]
}

/** Blobs that are read at once. */
const atOnce = 2

/**
 * Reads every blob of a cache directory and hashes it, and every entry and reference, and takes away what is damaged:
 * builds find it missing, and store it anew. A file that somebody replaces meanwhile is left alone.
 */
export async function verifyCache(directory: string, options: VerifyOptions): Promise<VerifyOutcome> {
  // First: an item may lose its manifest below, and with it the list of its blobs.
  const { items } = await takeInventory(directory)
  const documents = [...documentsIn(directory, 'entries'), ...documentsIn(directory, 'refs')]
  const damagedDocuments = await Promise.all(documents.map((document) => checkDocument(document)))
  const blobs = [...storedBlobs(directory).values()]
  const slots = pLimit(atOnce)
  const damagedBlobs = await Promise.all(blobs.map((blob) => slots(() => checkBlob(directory, blob, options))))
  const found = [...damagedDocuments, ...damagedBlobs].filter((damage) => damage !== undefined)
  for (const damage of found) takeAway(directory, damage, options)
  const lost = new Set(found.map(({ digest }) => digest))
  return {
    blobs: blobs.length,
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
    documents: documents.length,
    damaged: found.map(({ path, why }) => ({ path: path.slice(directory.length + 1), why })),
    misses: items.filter((item) => item.blobs.some(({ digest }) => lost.has(digest))),
  }
}

interface Damage {
  readonly path: string
  readonly why: string
  readonly identity: string
  readonly digest?: Digest
}

async function checkDocument({ folder, path, name, stat }: StoredDocument): Promise<Damage | undefined> {
  try {
    const bytes = await readSmallFile(path, maxEntrySize)
    if (bytes === undefined || isOfAnotherVersion(bytes)) return undefined
    if (folder === 'entries') parseEntry(bytes, name as CacheKey)
    else parseReferenceFile(bytes, path)
    return undefined
  } catch (error) {
    if (!(error instanceof HearthError)) throw error
    return { path, why: error.why ?? error.message, identity: identityOf(stat) }
  }
}

/** What another version has written is not ours to judge. */
function isOfAnotherVersion(bytes: Uint8Array): boolean {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (typeof document !== 'object' || document === null || !('version' in document)) return false
    return typeof document.version === 'number' && document.version > 1
  } catch {
    return false
  }
}

async function checkBlob(
  directory: string,
  blob: StoredBlob,
  { onBlob, signal }: VerifyOptions,
): Promise<Damage | undefined> {
  signal?.throwIfAborted()
  const path = blobPath(directory, blob.digest)
  let seen: Stats | undefined
  try {
    const { handle, stat } = await openBlobFile(path, blob.digest)
    seen = stat
    try {
      const chunks = readChunks(handle, (cause) => unreadable(blob.digest, path, cause))
      for await (const _ of verify(chunks, { digest: blob.digest, size: stat.size })) signal?.throwIfAborted()
    } finally {
      await handle.close()
    }
    onBlob?.(blob)
    return undefined
  } catch (error) {
    signal?.throwIfAborted()
    // Somebody has pruned it, or found it damaged and removed it.
    const now = lstatSync(path, { throwIfNoEntry: false })
    if (now === undefined || isMissing(error)) return undefined
    return { path, why: reasonOf(error), identity: identityOf(seen ?? now), digest: blob.digest }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof HearthError && systemCode(error.cause) === 'ENOENT'
}

function takeAway(directory: string, { path, identity }: Damage, { damaged }: VerifyOptions): void {
  if (damaged === 'keep') return
  try {
    if (identityOf(lstatSync(path)) !== identity) return
    if (damaged === 'remove') unlinkSync(path)
    else {
      makeDirectoryIn(directory, 'quarantine')
      renameSync(path, join(directory, 'quarantine', `${basename(path)}-${randomBytes(4).toString('hex')}`))
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}
