import type { LayoutImage } from '../src/content/oci-layout.ts'
import { HearthError } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import { imageFromStore } from '../src/image/from-store.ts'
import type { PulledImage } from '../src/image/pulled-image.ts'
import { type Digest, parseDigest } from '../src/oci/digest.ts'
import { type Manifest, parseManifest } from '../src/oci/manifest.ts'
import { mediaTypes } from '../src/oci/media-type.ts'
import { parseReference, type Reference } from '../src/oci/reference.ts'
import { BaseImages } from './base-images.ts'
import { resolvedAnnotation, resolvedAtAnnotation } from './carried-item.ts'
import { storedBlob } from './carried-items.ts'
import { isSelected } from './carry-selection.ts'
import { type Import, importBlob } from './import-blob.ts'

/** Brings a warmed image into a cache directory, unless that has resolved its reference later. */
export async function importImage(image: LayoutImage, around: Import): Promise<void> {
  const { options, store, tally, source } = around
  const { reference, platform, resolved, resolvedAt } = claimOf(image)
  if (!isSelected({ names: [image.name ?? ''], lastUsed: resolvedAt }, options.selection)) return
  const { directory, dryRun, log, signal } = options
  const images = BaseImages.open(directory, { readOnly: dryRun, log, store, now: () => resolvedAt })
  const existing = await images.status(reference, platform)
  if (existing !== undefined && existing.resolvedAt.getTime() >= resolvedAt.getTime()) {
    tally.count('images', 'kept')
    return
  }
  const pulled = await imageFromStore(source.blobs, image.descriptor)
  const { config } = manifestOf(pulled, image)
  const resolvedDigest = (await isProven(resolved, image, around)) ? resolved : image.descriptor.digest
  if (reference.digest !== undefined && reference.digest !== resolvedDigest) {
    tally.count('images', 'incomplete')
    return
  }
  for (const { descriptor } of [{ descriptor: config }, ...pulled.image.layers]) await importBlob(descriptor, around)
  if (!dryRun) {
    const abort = signal === undefined ? {} : { signal }
    await images.add(pulled, { reference, platform, resolvedDigest, ...abort })
  }
  tally.count('images', 'added')
}

function manifestOf({ manifestBytes }: PulledImage, { descriptor }: LayoutImage): Manifest {
  const parsed = parseManifest(manifestBytes, descriptor.mediaType)
  if (parsed.kind === 'manifest') return parsed.manifest
  throw unusable(descriptor.digest, 'it is an image index')
}

interface Claim {
  readonly reference: Reference
  readonly platform: NonNullable<LayoutImage['descriptor']['platform']>
  readonly resolved: Digest
  readonly resolvedAt: Date
}

function claimOf({ name = '', descriptor }: LayoutImage): Claim {
  const { platform, annotations = {} } = descriptor
  const resolvedAt = new Date(annotations[resolvedAtAnnotation] ?? '')
  if (platform === undefined) throw unusable(name, 'no platform is listed for it')
  if (Number.isNaN(resolvedAt.getTime())) throw unusable(name, `its ${resolvedAtAnnotation} is not a time`)
  const reference = parseReference(name)
  const resolved = parseDigest(annotations[resolvedAnnotation] ?? '')
  if (reference.digest !== undefined && ![resolved, descriptor.digest].includes(reference.digest)) {
    throw unusable(name, 'its digest is that of another image')
  }
  return { reference, platform, resolved, resolvedAt }
}

function unusable(name: string, why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: `What is listed as ${name} is not a warmed image`, why })
}

/**
 * Whether a digest stands for this image. A digest is trusted whoever brings it: the index that it is of must be there, and
 * list the image.
 */
async function isProven(resolved: Digest, image: LayoutImage, { source }: Import): Promise<boolean> {
  if (resolved === image.descriptor.digest) return true
  const blob = storedBlob(source.blobs, resolved)
  if (blob === undefined) return false
  const parsed = parseManifest(await source.blobs.read(blob, maxDocumentSize), mediaTypes.ociIndex)
  return parsed.kind === 'index' && parsed.index.manifests.some(({ digest }) => digest === image.descriptor.digest)
}
