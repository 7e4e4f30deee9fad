import { asRecord, type Descriptor, invalid, parseDescriptor, parseJson, parseStringMap } from './descriptor.ts'
import { isIndexType, isManifestType, mediaTypes } from './media-type.ts'

/** An image manifest (OCI or Docker schema 2): one config, layers from the lowest to the topmost. */
export interface Manifest {
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** An image index (OCI) or manifest list (Docker). */
export interface ImageIndex {
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

export type ManifestOrIndex =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly index: ImageIndex }

/**
 * Reads what a registry or layout delivered under `contentType` ("" when unknown). A document that could be read both
 * as manifest and as index, or that contradicts its content type, is refused (CVE-2021-41190).
 */
export function parseManifest(bytes: Uint8Array, contentType: string): ManifestOrIndex {
  const object = asRecord(parseJson(bytes, 'image manifest'), 'image manifest')
  const declared = typeof object.mediaType === 'string' ? object.mediaType : undefined
  const sent = contentType.split(';')[0]?.trim() ?? ''
  const specific = isIndexType(sent) || isManifestType(sent)
  if (object.schemaVersion === 1) throw schema1()
  if (declared !== undefined && specific && declared !== sent) {
    throw invalid(`it calls itself ${declared}, but was delivered as ${sent}`)
  }
  if (Array.isArray(object.layers) && Array.isArray(object.manifests)) {
    throw invalid('it has both layers and manifests, so it could be read two ways')
  }
  const mediaType = declared ?? (specific ? sent : undefined)
  const annotations = object.annotations === undefined ? {} : { annotations: parseStringMap(object.annotations) }
  if (Array.isArray(object.manifests)) {
    const type = mediaType ?? mediaTypes.ociIndex
    if (!isIndexType(type)) throw invalid(`it lists manifests, but its type is ${type}`)
    return {
      kind: 'index',
      index: { mediaType: type, manifests: object.manifests.map(parseDescriptor), ...annotations },
    }
  }
  const type = mediaType ?? mediaTypes.ociManifest
  if (!isManifestType(type)) throw invalid(`its type is ${type}`)
  if (!Array.isArray(object.layers)) throw invalid('it has no list of layers')
  const manifest = {
    mediaType: type,
    config: parseDescriptor(object.config),
    layers: object.layers.map(parseDescriptor),
  }
  return { kind: 'manifest', manifest: { ...manifest, ...annotations } }
}

/** The bytes of a manifest, fields in the order of the specification. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  const { mediaType, config, layers, annotations } = manifest
  return encode({ schemaVersion: 2, mediaType, config, layers, ...optional(annotations) })
}

export function indexBytes(index: ImageIndex): Uint8Array {
  const { mediaType, manifests, annotations } = index
  return encode({ schemaVersion: 2, mediaType, manifests: manifests.map(platformAsJson), ...optional(annotations) })
}

function platformAsJson(descriptor: Descriptor): Record<string, unknown> {
  if (descriptor.platform === undefined) return { ...descriptor }
  const { osVersion, ...platform } = descriptor.platform
  return { ...descriptor, platform: { ...platform, ...(osVersion === undefined ? {} : { 'os.version': osVersion }) } }
}

function optional(annotations: Readonly<Record<string, string>> | undefined): { annotations?: Record<string, string> } {
  return annotations === undefined || Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function schema1(): Error {
  return invalid('it is in the obsolete Docker schema 1; push the image again with a current tool to convert it')
}
