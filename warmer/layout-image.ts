import type { BlobStore } from '../src/content/blob-store.ts'
import { OciLayout } from '../src/content/oci-layout.ts'
import { HearthError } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import { imageFromStore } from '../src/image/from-store.ts'
import type { ResolvedImage } from '../src/image/pulled-image.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import { parseManifest } from '../src/oci/manifest.ts'
import { isIndexType } from '../src/oci/media-type.ts'
import { formatPlatform, type Platform, pickPlatform } from '../src/oci/platform.ts'
import type { LayoutSource } from './wanted-image.ts'

/** Finds an image of an OCI image layout by its name there. Its layers stay in the layout until they are opened. */
export async function imageFromLayout(source: LayoutSource, platform: Platform): Promise<ResolvedImage> {
  const layout = await OciLayout.open(source.directory, { readOnly: true })
  const named = (await layout.images()).filter(({ name }) => name === source.name).map(({ descriptor }) => descriptor)
  const [only] = named
  if (only === undefined) throw missing(source)
  const descriptor = named.length === 1 ? only : choose(named, { source, platform })
  if (!isIndexType(descriptor.mediaType)) return await imageOf(layout.blobs, descriptor, undefined)
  const listed = parseManifest(await layout.blobs.read(descriptor, maxDocumentSize), descriptor.mediaType)
  const manifests = listed.kind === 'index' ? listed.index.manifests : []
  return await imageOf(layout.blobs, choose(manifests, { source, platform }), descriptor)
}

async function imageOf(
  store: BlobStore,
  manifest: Descriptor,
  indexDescriptor: Descriptor | undefined,
): Promise<ResolvedImage> {
  return { ...(await imageFromStore(store, manifest)), indexDescriptor }
}

interface Wish {
  readonly source: LayoutSource
  readonly platform: Platform
}

function choose(manifests: readonly Descriptor[], { source, platform }: Wish): Descriptor {
  const picked = pickPlatform(manifests, platform)
  if (picked !== undefined) return picked
  const offered = manifests.flatMap((one) => (one.platform === undefined ? [] : [formatPlatform(one.platform)]))
  throw new HearthError({
    code: 'platform-missing',
    message: `${source.name} has no image for ${formatPlatform(platform)}`,
    where: source.directory,
    why: `it offers ${offered.length === 0 ? 'no platform at all' : offered.join(', ')}`,
    fix: 'Choose another platform with --custom-platform.',
  })
}

function missing({ directory, name }: LayoutSource): HearthError {
  return new HearthError({
    code: 'image-missing',
    message: `The OCI layout ${directory} has no image called ${name}`,
    where: directory,
    fix: 'Write the image as oci:directory:name, with its name in the index.json of that directory.',
  })
}
