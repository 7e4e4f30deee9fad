import type { Descriptor } from '../oci/descriptor.ts'
import { descriptorOf } from '../oci/descriptor.ts'
import { type ImageConfig, imageConfigBytes } from '../oci/image-config.ts'
import { type Manifest, manifestBytes } from '../oci/manifest.ts'
import { layerCompression, mediaTypes } from '../oci/media-type.ts'
import type { Layer } from './layer.ts'

/** An image as a value: nothing is read, hashed or uploaded until somebody asks. Layers run from the lowest up. */
export interface Image {
  readonly config: ImageConfig
  readonly layers: readonly Layer[]
  /** Annotations of the manifest. */
  readonly annotations: Readonly<Record<string, string>>
}

/** An image with its documents written out: what a registry, a layout or an archive receives. */
export interface FinishedImage {
  readonly manifest: Manifest
  readonly manifestDescriptor: Descriptor
  readonly manifestBytes: Uint8Array
  readonly configDescriptor: Descriptor
  readonly configBytes: Uint8Array
  readonly layers: readonly Layer[]
}

/** Writes out configuration and manifest, both OCI; layers keep their bytes, Docker's types become their OCI twins. */
export function finishImage(image: Image): FinishedImage {
  const config = { ...image.config, diffIDs: image.layers.map((layer) => layer.diffID) }
  const configBytes = imageConfigBytes(config)
  const configDescriptor = descriptorOf(configBytes, mediaTypes.ociConfig)
  const layers = image.layers.map((layer) => ({ ...layer, descriptor: asOci(layer.descriptor) }))
  const manifest: Manifest = {
    mediaType: mediaTypes.ociManifest,
    config: configDescriptor,
    layers: layers.map((layer) => layer.descriptor),
    annotations: image.annotations,
  }
  const bytes = manifestBytes(manifest)
  return {
    manifest,
    manifestDescriptor: descriptorOf(bytes, mediaTypes.ociManifest),
    manifestBytes: bytes,
    configDescriptor,
    configBytes,
    layers,
  }
}

const ociLayerTypes = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
} as const

function asOci(descriptor: Descriptor): Descriptor {
  const compression = layerCompression(descriptor.mediaType)
  const { digest, size } = descriptor
  return { mediaType: compression === undefined ? descriptor.mediaType : ociLayerTypes[compression], digest, size }
}
