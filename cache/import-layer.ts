import { createFileAtomically, writeFileAtomically } from '../src/content/atomic-file.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import { parseCacheConfig, parseCacheManifest } from './cache-image.ts'
import { storedInputs } from './carried-items.ts'
import { isSelected } from './carry-selection.ts'
import { type Entry, entryBytes, entryPath, maxEntrySize, readEntry } from './entry-file.ts'
import { type Import, importBlob } from './import-blob.ts'
import type { CacheKey } from './key.ts'

/** Brings a cached layer into a cache directory: its bytes, the list of its inputs, and last its entry. */
export async function importLayer(descriptor: Descriptor, key: CacheKey, around: Import): Promise<void> {
  const { source, tally, options } = around
  const { blobs } = source
  const manifest = parseCacheManifest(await blobs.read(descriptor, maxEntrySize), descriptor.mediaType)
  const entry = parseCacheConfig(await blobs.read(manifest.config, maxEntrySize), { key, layer: manifest.layer })
  if (!isSelected({ names: [entry.text, key], lastUsed: entry.created }, options.selection)) return
  const existing = await wholeEntry(key, around)
  if (existing !== undefined && !isSame(existing, entry)) {
    tally.count('layers', 'kept')
    return
  }
  await importBlob(entry.layer, around)
  const inputs = storedInputs(entry, blobs)
  if (inputs !== undefined) await importBlob(inputs, around)
  // Of the same layer, the one that was made later counts for longer.
  const isBetter = existing === undefined || existing.created.getTime() < entry.created.getTime()
  const isAdded = isBetter && (options.dryRun || (await writeEntry(entry, existing, around)))
  tally.count('layers', isAdded && existing === undefined ? 'added' : 'kept')
}

/** What the cache has for the key, if all of it is there. */
async function wholeEntry(key: CacheKey, { options, store }: Import): Promise<Entry | undefined> {
  const entry = await readEntry(options.directory, key).catch(() => undefined)
  return entry !== undefined && (await store.check(entry.layer)) ? entry : undefined
}

/** What follows in a build counts on results: another layer for the key, or one made on others, must not replace it. */
function isSame(one: Entry, other: Entry): boolean {
  return one.layer.digest === other.layer.digest && one.diffID === other.diffID && one.madeOn === other.madeOn
}

/** False when a build was first with an entry that is as good. */
async function writeEntry(entry: Entry, existing: Entry | undefined, around: Import): Promise<boolean> {
  const { directory } = around.options
  makeDirectoryIn(directory, 'entries')
  const path = entryPath(directory, entry.key)
  if (existing === undefined && (await createFileAtomically(path, entryBytes(entry)))) return true
  if (existing === undefined && (await wholeEntry(entry.key, around)) !== undefined) return false
  await writeFileAtomically(path, entryBytes(entry))
  return true
}
