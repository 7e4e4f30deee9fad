import type { BlobStore } from '../content/blob-store.ts'
import { HearthError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { parseManifest } from '../oci/manifest.ts'
import { maxDocumentSize } from './from-registry.ts'
import type { RemoteLayer } from './layer.ts'
import { assembleImage, type PulledImage } from './pulled-image.ts'

/**
 * The image that a manifest in a blob store describes; its layers are opened from that store, and those damaged there
 * from `origin`, where it is given.
 */
export async function imageFromStore(
  store: BlobStore,
  manifestDescriptor: Descriptor,
  origin?: Pick<RemoteLayer, 'client' | 'repository'>,
): Promise<PulledImage> {
  const manifestBytes = await store.read(manifestDescriptor, maxDocumentSize)
  const parsed = parseManifest(manifestBytes, manifestDescriptor.mediaType)
  if (parsed.kind === 'index') {
    throw new HearthError({
      code: 'manifest-invalid',
      message: `${manifestDescriptor.digest} is an image index, not the image of one platform`,
      where: store.directory,
    })
  }
  const { manifest } = parsed
  const configBytes = await store.read(manifest.config, maxDocumentSize)
  return assembleImage({ manifest, manifestDescriptor, manifestBytes, configBytes }, (descriptor, diffID) => ({
    kind: 'stored',
    descriptor,
    diffID,
    store,
    ...(origin && { elsewhere: async () => ({ kind: 'remote', descriptor, diffID, ...origin }) }),
  }))
}
