import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BlobStore } from '../src/content/blob-store.ts'
import type { BlobIdentity } from '../src/content/blob-writing.ts'
import { type LayoutImage, OciLayout } from '../src/content/oci-layout.ts'
import { HearthError, systemCode } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import { imageFromStore } from '../src/image/from-store.ts'
import type { Log } from '../src/log.ts'
import { type Digest, isDigest } from '../src/oci/digest.ts'
import { parseManifest } from '../src/oci/manifest.ts'
import { formatPlatform, normalizePlatform } from '../src/oci/platform.ts'
import { formatReference, parseReference } from '../src/oci/reference.ts'
import { cacheImageOf } from './cache-image.ts'
import { type CarriedItem, inputsImage, resolvedAnnotation, resolvedAtAnnotation } from './carried-item.ts'
import type { Carriable, CarryTally } from './carry-report.ts'
import { type CarrySelection, isSelected } from './carry-selection.ts'
import { type Entry, readEntry } from './entry-file.ts'
import { type CacheKey, isCacheKey } from './key.ts'
import { LayerIndex } from './layer-index.ts'
import { reasonOf } from './trouble.ts'
import { readWarmReference, type WarmReference } from './warm-reference.ts'

export interface CarriedSource {
  /** The cache directory, and its blobs. */
  readonly directory: string
  readonly store: BlobStore
  readonly selection: CarrySelection
  readonly tally: CarryTally
  readonly log: Log
}

/** What of a cache directory is to be carried, and can be: the rest is counted, and what is damaged is warned of. */
export async function* carriedItems(source: CarriedSource): AsyncGenerator<CarriedItem> {
  if (source.selection.layers) yield* carriedLayers(source)
  if (source.selection.images) yield* carriedImages(source)
}

/** Counts something damaged and says which it is; errors of other kinds are thrown. */
export function noteDamaged(error: unknown, kind: Carriable, at: { title: string; tally: CarryTally; log: Log }): void {
  if (!isDamage(error)) throw error
  at.tally.count(kind, 'damaged')
  at.log.warn(`${at.title} is left out: ${reasonOf(error).replaceAll('\n', ' ')}`)
}

const damages: ReadonlySet<string> = new Set([
  'integrity',
  'manifest-invalid',
  'config-invalid',
  'layer-invalid',
  'cache-unusable',
  'platform-invalid',
  'reference-invalid',
])

function isDamage(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof HearthError && damages.has(error.code))
}

async function* carriedLayers(source: CarriedSource): AsyncGenerator<CarriedItem> {
  const { directory, selection, tally, log } = source
  const uses = selection.usedSince === undefined ? new Map<CacheKey, Date>() : lastUses(directory, log)
  for (const key of entryKeys(directory)) {
    try {
      const entry = await readEntry(directory, key)
      if (entry === undefined) continue
      const { text, created } = entry
      if (!isSelected({ names: [text, key], lastUsed: uses.get(key) ?? created }, selection)) continue
      if (source.store.has(entry.layer)) yield carriedLayer(entry, source.store)
      else tally.count('layers', 'incomplete')
    } catch (error) {
      noteDamaged(error, 'layers', { title: `Layer ${key}`, tally, log })
    }
  }
}

function carriedLayer(entry: Entry, store: BlobStore): CarriedItem {
  const { config, configBytes, manifest, manifestBytes } = cacheImageOf(entry)
  const inputs = storedInputs(entry, store)
  const list = inputs === undefined ? { listed: [], documents: [] } : inputsImage(inputs)
  return {
    kind: 'layers',
    title: `Layer ${entry.key} (${entry.text})`,
    listed: [{ descriptor: manifest, name: entry.key }, ...list.listed],
    documents: [
      { descriptor: config, bytes: configBytes },
      { descriptor: manifest, bytes: manifestBytes },
      ...list.documents,
    ],
    blobs: [entry.layer, ...(inputs === undefined ? [] : [inputs])],
  }
}

/** The list of an entry's inputs; it explains misses, and layers are as good without it. */
export function storedInputs({ record }: Entry, store: BlobStore): BlobIdentity | undefined {
  return record.inputs === undefined ? undefined : storedBlob(store, record.inputs)
}

/** A blob whose size nobody has told. */
export function storedBlob(store: BlobStore, digest: Digest): BlobIdentity | undefined {
  const stat = lstatSync(store.pathOf(digest), { throwIfNoEntry: false })
  return stat?.isFile() === true ? { digest, size: stat.size } : undefined
}

function lastUses(directory: string, log: Log): Map<CacheKey, Date> {
  const index = LayerIndex.open(directory, log)
  try {
    return new Map((index?.layers() ?? []).map(({ key, lastUsed }) => [key, lastUsed]))
  } finally {
    index?.close()
  }
}

function entryKeys(directory: string): readonly CacheKey[] {
  try {
    const names = readdirSync(join(directory, 'entries')).filter((name) => name.endsWith('.json'))
    return names
      .map((name) => name.slice(0, -'.json'.length))
      .filter(isCacheKey)
      .sort()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

async function* carriedImages(source: CarriedSource): AsyncGenerator<CarriedItem> {
  const { directory, selection, tally, log } = source
  const layout = await OciLayout.open(directory, { readOnly: true })
  for (const image of await layout.images()) {
    const title = `Image ${image.name ?? image.descriptor.digest}`
    try {
      const reference = await referenceOf(image, directory)
      if (reference === undefined) continue
      if (!isSelected({ names: [image.name ?? ''], lastUsed: reference.resolvedAt }, selection)) continue
      const item = await carriedImage(image, reference, source.store)
      if (item === undefined) tally.count('images', 'incomplete')
      else yield item
    } catch (error) {
      noteDamaged(error, 'images', { title, tally, log })
    }
  }
}

/** What the warmer wrote down when it listed an image; undefined for what others listed, and where it is out of date. */
async function referenceOf({ name, descriptor }: LayoutImage, directory: string): Promise<WarmReference | undefined> {
  if (name === undefined || descriptor.platform === undefined) return undefined
  const reference = parseReference(name)
  const asked = reference.digest ?? formatReference(reference)
  const platform = formatPlatform(normalizePlatform(descriptor.platform))
  const found =
    (await readWarmReference(directory, asked, platform)) ??
    (isDigest(asked) ? await readWarmReference(directory, asked, '') : undefined)
  return found?.manifest.digest === descriptor.digest ? found : undefined
}

async function carriedImage(
  image: LayoutImage,
  { resolved, resolvedAt }: WarmReference,
  store: BlobStore,
): Promise<CarriedItem | undefined> {
  const { descriptor, name } = image
  if (!store.has(descriptor)) return undefined
  const parsed = parseManifest(await store.read(descriptor, maxDocumentSize), descriptor.mediaType)
  if (parsed.kind === 'index' || !store.has(parsed.manifest.config)) return undefined
  const { image: pulled } = await imageFromStore(store, descriptor)
  const blobs = [descriptor, parsed.manifest.config, ...pulled.layers.map((layer) => layer.descriptor)]
  if (!blobs.every((blob) => store.has(blob))) return undefined
  const index = resolved === descriptor.digest ? undefined : storedBlob(store, resolved)
  const annotations = { [resolvedAnnotation]: resolved, [resolvedAtAnnotation]: resolvedAt.toISOString() }
  return {
    kind: 'images',
    title: `Image ${name}`,
    listed: [{ ...image, descriptor: { ...descriptor, annotations } }],
    documents: [],
    blobs: [...blobs, ...(index === undefined ? [] : [index])],
  }
}
