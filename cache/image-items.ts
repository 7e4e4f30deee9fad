import { statSync } from 'node:fs'
import { BlobStore } from '../src/content/blob-store.ts'
import { type LayoutImage, OciLayout } from '../src/content/oci-layout.ts'
import { HearthError } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import { type Digest, isDigest } from '../src/oci/digest.ts'
import { parseManifest } from '../src/oci/manifest.ts'
import { formatPlatform, normalizePlatform } from '../src/oci/platform.ts'
import type { CacheItem } from './cache-item.ts'
import { type KeptReference, listWarmReferences, removeWarmReferences } from './warm-reference.ts'

/** A warmed image as it is listed and pruned: one for each name and platform. */
export interface ImageItem extends CacheItem {
  readonly kind: 'image'
  /**
   * "registry/repository:tag" or "registry/repository@digest" as it was asked for; only the manifest's digest where no
   * name means it any more, because its tag has moved on.
   */
  readonly reference: string
  /** "linux/amd64"; empty where it is not known. */
  readonly platform: string
  readonly manifest: Descriptor
  /** What the registry answered: digest of an index or of the manifest. */
  readonly resolved: Digest | undefined
  /** Undefined where only index.json knows the image. */
  readonly resolvedAt: Date | undefined
  /** Whether it goes by a tag, which can expire. */
  readonly isTag: boolean
  /** The layers from the lowest to the topmost; undefined where the manifest cannot be read. */
  readonly layers: readonly Descriptor[] | undefined
}

/** The warmed images of a cache directory, sorted by name. Nothing is changed; damaged references are left out. */
export async function listImages(directory: string): Promise<readonly ImageItem[]> {
  const listed = await listedImages(directory)
  const references = await listWarmReferences(directory)
  const store = BlobStore.open(directory, { readOnly: true })
  const names = [...named(references, listed), ...nameless(references, listed)]
  const items = await Promise.all(names.map((name) => itemOf(name, { directory, store, references, names })))
  return items.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** What index.json lists; nothing where there is none that can be read. */
async function listedImages(directory: string): Promise<readonly LayoutImage[]> {
  try {
    return await (await OciLayout.open(directory, { readOnly: true })).images()
  } catch (error) {
    if (error instanceof HearthError) return []
    throw error
  }
}

/** An image's name, and what stands for it in the two places where it is noted. */
interface ImageName {
  readonly reference: string
  readonly platform: string
  readonly manifest: Descriptor
  readonly tag: KeptReference | undefined
  readonly listed: LayoutImage | undefined
}

/** Images by the names they were asked for. */
function named(references: readonly KeptReference[], listed: readonly LayoutImage[]): readonly ImageName[] {
  const tags = references.filter(({ name }) => !isDigest(name))
  const byTag = tags.map((tag): ImageName => {
    const { name: reference, platform, manifest } = tag
    const image = listed.find((one) => one.name === reference && platformOf(one) === platform)
    return { reference, platform, manifest, tag, listed: image }
  })
  const others = listed.filter((one) => !byTag.some((name) => name.listed === one))
  const byLayout = others.map((one): ImageName => {
    const { name, descriptor } = one
    const reference = name ?? descriptor.digest
    return { reference, platform: platformOf(one), manifest: descriptor, tag: undefined, listed: one }
  })
  return [...byTag, ...byLayout]
}

/** Images that are known by digest only: those that a tag meant before it moved. */
function nameless(references: readonly KeptReference[], listed: readonly LayoutImage[]): readonly ImageName[] {
  const others = references.filter(({ name }) => !isDigest(name)).map(({ manifest }) => manifest)
  const known = new Set([...others, ...listed.map(({ descriptor }) => descriptor)].map(({ digest }) => digest))
  const found = new Map<Digest, ImageName>()
  for (const { name, platform, manifest } of references.filter(({ name }) => isDigest(name))) {
    const { digest } = manifest
    if (known.has(digest) || (found.has(digest) && name === digest)) continue
    found.set(digest, { reference: digest, platform, manifest, tag: undefined, listed: undefined })
  }
  return [...found.values()]
}

function platformOf({ descriptor: { platform } }: LayoutImage): string {
  return platform === undefined ? '' : formatPlatform(normalizePlatform(platform))
}

interface Surroundings {
  readonly directory: string
  readonly store: BlobStore
  readonly references: readonly KeptReference[]
  readonly names: readonly ImageName[]
}

async function itemOf(image: ImageName, around: Surroundings): Promise<ImageItem> {
  const { reference, platform, manifest, tag } = image
  const { references, names, store } = around
  const same = references.filter((one) => one.manifest.digest === manifest.digest)
  const byDigest = same.filter(({ name }) => isDigest(name))
  const noted = tag ?? byDigest.find(({ name }) => reference.endsWith(name)) ?? byDigest[0]
  const { blobs, layers } = await blobsOf(manifest, store)
  // One that only index.json knows, such as another tool's, is as old as its manifest here.
  const written = statSync(store.pathOf(manifest.digest), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const used = same.length === 0 ? written : Math.max(...same.map(({ lastUsed }) => lastUsed.getTime()))
  const shares = names.filter((other) => other.manifest.digest === manifest.digest).length
  return {
    kind: 'image',
    name: platform === '' ? reference : `${reference} ${platform}`,
    title: platform === '' ? reference : `${reference} (${platform})`,
    reference,
    platform,
    manifest,
    resolved: noted?.resolved,
    resolvedAt: noted?.resolvedAt,
    isTag: tag !== undefined,
    created: noted?.resolvedAt ?? new Date(written),
    lastUsed: new Date(used),
    hits: undefined,
    blobs,
    layers,
    size: (tag?.size ?? 0) + Math.round(byDigest.reduce((sum, { size }) => sum + size, 0) / shares),
    remove: () => removeImage(image, around),
  }
}

/** What an image needs; of one whose manifest cannot be read nothing but that is known. */
async function blobsOf(manifest: Descriptor, store: BlobStore): Promise<Pick<ImageItem, 'blobs' | 'layers'>> {
  const known = { digest: manifest.digest, size: manifest.size }
  try {
    const parsed = parseManifest(await store.read(manifest, maxDocumentSize), manifest.mediaType)
    if (parsed.kind === 'index') return { blobs: [known], layers: undefined }
    const { config, layers } = parsed.manifest
    return { blobs: [known, ...[config, ...layers].map(({ digest, size }) => ({ digest, size }))], layers }
  } catch (error) {
    if (error instanceof HearthError) return { blobs: [known], layers: undefined }
    throw error
  }
}

/**
 * Takes a name away, and with the last name of an image the digests it is found by. First nobody finds it any more, then
 * index.json lists it no more: killed in between, it is an image that only index.json knows.
 */
async function removeImage(image: ImageName, { directory, references }: Surroundings): Promise<boolean> {
  const { manifest, tag } = image
  if (tag !== undefined && !(await removeWarmReferences(directory, [tag]))) return false
  const isIt = (one: LayoutImage): boolean => one.name === image.reference && platformOf(one) === image.platform
  const isUnnamed = (one: LayoutImage): boolean => one.name === undefined && one.descriptor.digest === image.reference
  if (!(await isNamed(manifest, image, directory))) {
    const byDigest = references.filter((one) => one.manifest.digest === manifest.digest && isDigest(one.name))
    await removeWarmReferences(directory, byDigest)
  }
  await removeFromLayout(directory, (one) => isIt(one) || isUnnamed(one))
  return true
}

/** A damaged index.json is none of a prune's business. */
async function removeFromLayout(directory: string, isRemoved: (image: LayoutImage) => boolean): Promise<void> {
  if (!(await listedImages(directory)).some(isRemoved)) return
  const layout = await OciLayout.open(directory, { readOnly: false })
  await layout.remove(isRemoved)
}

/** Whether another name than this one means the same image, as things stand now. */
async function isNamed(manifest: Descriptor, image: ImageName, directory: string): Promise<boolean> {
  const names = named(await listWarmReferences(directory), await listedImages(directory))
  return names.some((other) => {
    const isItself = other.reference === image.reference && other.platform === image.platform
    return other.manifest.digest === manifest.digest && !isItself
  })
}
