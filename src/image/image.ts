import { HearthError } from '../errors.ts'
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

/** Whose media types an image has; the documents themselves are the same. */
export const imageFormats = ['oci', 'docker'] as const
export type ImageFormat = (typeof imageFormats)[number]

/**
 * Writes out configuration and manifest; layers keep their bytes, and their types become those of the format. Throws
 * "manifest-invalid" for what Docker's format cannot say: layers compressed with zstd, annotations.
 */
export function finishImage(image: Image, format: ImageFormat = 'oci'): FinishedImage {
  if (format === 'docker') refuseForDocker(image)
  const config = { ...image.config, diffIDs: image.layers.map((layer) => layer.diffID) }
  return finishWith({ ...image, configBytes: imageConfigBytes(config) }, format)
}

/** The same where the configuration is written already, and stays as it is. */
export function finishWith(
  image: Pick<Image, 'layers' | 'annotations'> & { readonly configBytes: Uint8Array },
  format: ImageFormat,
): FinishedImage {
  const types = documentTypes[format]
  const { configBytes } = image
  const configDescriptor = descriptorOf(configBytes, types.config)
  const layers = image.layers.map((layer) => ({ ...layer, descriptor: inFormat(layer.descriptor, format) }))
  const manifest: Manifest = {
    mediaType: types.manifest,
    config: configDescriptor,
    layers: layers.map((layer) => layer.descriptor),
    annotations: image.annotations,
  }
  const bytes = manifestBytes(manifest)
  return {
    manifest,
    manifestDescriptor: descriptorOf(bytes, types.manifest),
    manifestBytes: bytes,
    configDescriptor,
    configBytes,
    layers,
  }
}

const documentTypes = {
  oci: { manifest: mediaTypes.ociManifest, config: mediaTypes.ociConfig },
  docker: { manifest: mediaTypes.dockerManifest, config: mediaTypes.dockerConfig },
} as const

const layerTypes = {
  oci: { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd },
  docker: { none: mediaTypes.dockerLayer, gzip: mediaTypes.dockerLayerGzip, zstd: mediaTypes.ociLayerZstd },
} as const

function inFormat(descriptor: Descriptor, format: ImageFormat): Descriptor {
  const compression = layerCompression(descriptor.mediaType)
  const { digest, size } = descriptor
  return { mediaType: compression === undefined ? descriptor.mediaType : layerTypes[format][compression], digest, size }
}

function refuseForDocker({ layers, annotations }: Image): void {
  const isZstd = layers.some(({ descriptor }) => layerCompression(descriptor.mediaType) === 'zstd')
  if (!isZstd && Object.keys(annotations).length === 0) return
  throw new HearthError({
    code: 'manifest-invalid',
    message: "This image cannot be written in Docker's format",
    why: isZstd ? 'it has layers that are compressed with zstd' : 'it has annotations, which only OCI manifests hold',
    fix: 'Use --image-format=oci.',
  })
}
