import type { BlobStore } from '../content/blob-store.ts'
import { OciLayout } from '../content/oci-layout.ts'
import { HearthError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { type ImageIndex, parseManifest } from '../oci/manifest.ts'
import { isIndexType } from '../oci/media-type.ts'
import { formatPlatform, type Platform, pickPlatform } from '../oci/platform.ts'
import { formatReference, type LayoutReference } from '../oci/reference.ts'
import { maxDocumentSize } from './from-registry.ts'
import { imageFromStore } from './from-store.ts'
import type { ResolvedImage } from './pulled-image.ts'

/**
 * Finds an image of an OCI image layout: by digest, or by its name there. Without either it is the one called "latest", or
 * else the only one. Its layers stay in the layout until they are opened.
 */
export async function imageFromLayout(reference: LayoutReference, platform: Platform): Promise<ResolvedImage> {
  const { blobs, listed } = await openListed(reference.layout)
  const meant = await meantBy(reference, listed, blobs)
  const [only] = meant
  if (only === undefined) throw missing(reference, listed)
  const descriptor = meant.length === 1 ? only : choose(meant, reference, platform)
  if (!isIndexType(descriptor.mediaType)) return await imageOf(blobs, descriptor, undefined)
  const { manifests } = await readIndex(blobs, descriptor)
  return await imageOf(blobs, choose(manifests, reference, platform), descriptor)
}

type Listed = Awaited<ReturnType<OciLayout['images']>>

async function openListed(directory: string): Promise<{ readonly blobs: BlobStore; readonly listed: Listed }> {
  const layout = await OciLayout.open(directory, { readOnly: true })
  return { blobs: layout.blobs, listed: await layout.images() }
}

async function meantBy(
  { tag, digest }: LayoutReference,
  listed: Listed,
  blobs: BlobStore,
): Promise<readonly Descriptor[]> {
  if (digest !== undefined) return withDigest(digest, listed, blobs)
  const named = listed.filter(({ name }) => name === (tag ?? 'latest')).map(({ descriptor }) => descriptor)
  const isOnly = tag === undefined && named.length === 0 && listed.length === 1
  return isOnly ? listed.map(({ descriptor }) => descriptor) : named
}

/** Looks at what the layout lists, and then at what the indexes list that are among it. */
async function withDigest(
  digest: Descriptor['digest'],
  listed: Listed,
  blobs: BlobStore,
): Promise<readonly Descriptor[]> {
  const descriptors = listed.map(({ descriptor }) => descriptor)
  const found = descriptors.find((one) => one.digest === digest)
  if (found !== undefined) return [found]
  const indexes = descriptors.filter(({ mediaType }) => isIndexType(mediaType))
  const inside = await Promise.all(indexes.map((one) => readIndex(blobs, one)))
  return inside.flatMap(({ manifests }) => manifests.filter((one) => one.digest === digest)).slice(0, 1)
}

async function readIndex(blobs: BlobStore, descriptor: Descriptor): Promise<Pick<ImageIndex, 'manifests'>> {
  const parsed = parseManifest(await blobs.read(descriptor, maxDocumentSize), descriptor.mediaType)
  return parsed.kind === 'index' ? parsed.index : { manifests: [] }
}

async function imageOf(
  store: BlobStore,
  manifest: Descriptor,
  indexDescriptor: Descriptor | undefined,
): Promise<ResolvedImage> {
  return { ...(await imageFromStore(store, manifest)), indexDescriptor }
}

function choose(manifests: readonly Descriptor[], reference: LayoutReference, platform: Platform): Descriptor {
  const picked = pickPlatform(manifests, platform)
  if (picked !== undefined) return picked
  const offered = manifests.flatMap((one) => (one.platform === undefined ? [] : [formatPlatform(one.platform)]))
  throw new HearthError({
    code: 'platform-missing',
    message: `${formatReference(reference)} has no image for ${formatPlatform(platform)}`,
    where: reference.layout,
    why: `it offers ${offered.length === 0 ? 'no platform at all' : offered.join(', ')}`,
    fix: 'Choose another platform with --custom-platform.',
  })
}

function missing({ layout, tag, digest }: LayoutReference, listed: Listed): HearthError {
  const wanted = digest === undefined ? `called ${tag ?? 'latest'}` : `with the digest ${digest}`
  const names = listed.flatMap(({ name }) => (name === undefined ? [] : [name]))
  return new HearthError({
    code: 'image-missing',
    message: `The OCI layout ${layout} has no image ${wanted}`,
    why: listed.length === 0 ? 'its index.json lists no image' : `its index.json names ${names.join(', ') || 'none'}`,
    fix: 'Name an image by what the index.json of that directory calls it.',
  })
}
