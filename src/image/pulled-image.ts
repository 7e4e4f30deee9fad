import { HearthError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { type ImageConfig, parseImageConfig } from '../oci/image-config.ts'
import type { Manifest } from '../oci/manifest.ts'
import { layerCompression } from '../oci/media-type.ts'
import type { Image } from './image.ts'
import type { Layer } from './layer.ts'

/** An image that exists somewhere, with the documents exactly as they were stored there. */
export interface PulledImage {
  readonly manifestDescriptor: Descriptor
  readonly manifestBytes: Uint8Array
  readonly configBytes: Uint8Array
  readonly image: Image
}

/** A platform's image, and the digest of the index it was chosen from (absent for a single-platform image). */
export interface ResolvedImage extends PulledImage {
  readonly indexDescriptor: Descriptor | undefined
}

export interface Documents {
  readonly manifest: Manifest
  readonly manifestDescriptor: Descriptor
  readonly manifestBytes: Uint8Array
  readonly configBytes: Uint8Array
}

/** Puts an image together from its documents; `layerAt` makes each layer. Documents that contradict are refused. */
export function assembleImage(
  documents: Documents,
  layerAt: (descriptor: Descriptor, diffID: ImageConfig['diffIDs'][number]) => Layer,
): PulledImage {
  const { manifest, manifestDescriptor, manifestBytes, configBytes } = documents
  const config = parseImageConfig(configBytes)
  const { diffIDs } = config
  if (diffIDs.length !== manifest.layers.length) {
    throw notAnImage(
      manifestDescriptor,
      `the manifest lists ${manifest.layers.length} layers, its configuration ${diffIDs.length}`,
    )
  }
  const layers = manifest.layers.map((descriptor, i) => {
    if (layerCompression(descriptor.mediaType) === undefined) {
      throw notAnImage(manifestDescriptor, `${descriptor.mediaType} is not a filesystem layer`)
    }
    return layerAt(descriptor, diffIDs[i] as ImageConfig['diffIDs'][number])
  })
  return {
    manifestDescriptor,
    manifestBytes,
    configBytes,
    image: { config, layers, annotations: manifest.annotations ?? {} },
  }
}

function notAnImage(descriptor: Descriptor, why: string): HearthError {
  return new HearthError({
    code: 'config-invalid',
    message: `${descriptor.digest} is not a usable container image`,
    why,
  })
}
