import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { HearthError, systemCode } from '../src/errors.ts'
import { asRecord, type Descriptor, parseDescriptor, parseJson } from '../src/oci/descriptor.ts'
import { type DiffID, digestOf, parseDiffID } from '../src/oci/digest.ts'
import { layerCompression } from '../src/oci/media-type.ts'
import { type EntryAbout, parseAbout } from './about.ts'
import { type CacheKey, canonicalJson, isCacheKey, type KeyValue, keyOfStored, type StoredRecord } from './key.ts'

/** What is kept of a cached layer besides its bytes. */
export interface Entry {
  readonly key: CacheKey
  readonly record: StoredRecord
  /** The instruction, for people. */
  readonly text: string
  readonly layer: Descriptor
  readonly diffID: DiffID
  readonly madeOn: string
  readonly created: Date
  /** Where the step stood; entries of earlier versions do not say. */
  readonly about?: EntryAbout
  /** The layer's key by content, where this is another one of it. */
  readonly content?: CacheKey
}

/** The largest entry that is read, in bytes. */
export const maxEntrySize = 4 << 20

export function entryPath(directory: string, key: CacheKey): string {
  return join(directory, 'entries', `${key}.json`)
}

/** The one spelling of an entry: canonical JSON with a checksum over everything else in it. */
export function entryBytes(entry: Entry): Uint8Array {
  const { mediaType, digest, size } = entry.layer
  const content = {
    version: 1,
    key: entry.key,
    record: entry.record as unknown as KeyValue,
    text: entry.text,
    layer: { mediaType, digest, size },
    diffID: entry.diffID,
    madeOn: entry.madeOn,
    created: entry.created.toISOString(),
    ...(entry.about === undefined ? {} : { about: { ...entry.about } }),
    ...(entry.content === undefined ? {} : { content: entry.content }),
  }
  const checksum = digestOf(canonicalJson(content))
  return new TextEncoder().encode(canonicalJson({ ...content, checksum }))
}

/**
 * Reads an entry that must be the one of `key`. Its record must hash to the key, its checksum must fit, and its bytes
 * must be the one spelling of what it says: anything else is damage and throws a HearthError. Fields that a later version
 * may add are read over.
 */
export function parseEntry(bytes: Uint8Array, key: CacheKey): Entry {
  const o = asRecord(parseJson(bytes, 'cache entry'), 'cache entry')
  const { text, madeOn, created, diffID, record } = o
  if (typeof text !== 'string' || typeof madeOn !== 'string') throw damaged('a field is missing')
  if (typeof created !== 'string' || typeof diffID !== 'string') throw damaged('a field is missing')
  const time = new Date(created)
  if (Number.isNaN(time.getTime())) throw damaged('its time is not valid')
  const stored = asRecord(record, 'key record') as unknown as StoredRecord
  const layer = parseDescriptor(o.layer)
  if (layerCompression(layer.mediaType) === undefined) throw damaged(`${layer.mediaType} is not a layer`)
  if (!isIntact(o, bytes) || o.version !== 1 || o.key !== key) throw damaged('its checksum does not fit')
  if (keyOfStored(stored) !== key) throw damaged('its record belongs to another key')
  const about = parseAbout(o.about)
  const content = contentKeyOf(o.content)
  const entry = { key, record: stored, text, layer, diffID: parseDiffID(diffID), madeOn, created: time, ...content }
  return about === undefined ? entry : { ...entry, about }
}

function isIntact(document: Readonly<Record<string, unknown>>, bytes: Uint8Array): boolean {
  const { checksum, ...content } = document as { readonly [name: string]: KeyValue }
  if (checksum !== digestOf(canonicalJson(content))) return false
  return Buffer.from(canonicalJson({ ...content, checksum })).equals(bytes)
}

function contentKeyOf(value: unknown): { readonly content?: CacheKey } {
  if (value === undefined) return {}
  if (typeof value !== 'string' || !isCacheKey(value)) throw damaged('its key by content is none')
  return { content: value }
}

/** The entry of a key in a cache directory; undefined when there is none. Throws when it is damaged or unreadable. */
export async function readEntry(directory: string, key: CacheKey): Promise<Entry | undefined> {
  const path = entryPath(directory, key)
  const bytes = await readSmallFile(path, maxEntrySize)
  if (bytes === undefined) return undefined
  try {
    return parseEntry(bytes, key)
  } catch (error) {
    throw error instanceof HearthError ? error.at(path) : error
  }
}

/** A regular file of at most `maxSize` bytes; undefined when it is missing. Links and pipes are refused, not followed. */
export async function readSmallFile(path: string, maxSize: number): Promise<Uint8Array | undefined> {
  let handle: Awaited<ReturnType<typeof open>>
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw damaged('it is not a regular file').at(path)
    if (stat.size > maxSize) throw damaged(`it has ${stat.size} bytes`).at(path)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

function damaged(why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: 'A cache entry is damaged', why })
}
