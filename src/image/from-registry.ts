import { HearthError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { parseManifest } from '../oci/manifest.ts'
import { formatPlatform, type Platform, pickPlatform } from '../oci/platform.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { collect } from '../stream/bytes.ts'
import { assembleImage, type ResolvedImage } from './pulled-image.ts'

/** The largest configuration that is read, in bytes. */
export const maxDocumentSize = 4 << 20

// An index may point to an index; deeper than this nobody nests on purpose.
const maxIndexDepth = 3

export interface FromRegistryOptions {
  readonly client: RegistryClient
  readonly platform: Platform
  readonly signal?: AbortSignal
}

/** Resolves a reference to the image of one platform. Layers stay in the registry until they are opened. */
export async function imageFromRegistry(reference: Reference, options: FromRegistryOptions): Promise<ResolvedImage> {
  const { client, platform } = options
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  let current = reference
  let indexDescriptor: Descriptor | undefined
  for (let depth = 0; depth <= maxIndexDepth; depth++) {
    const { descriptor, bytes } = await client.manifest(current, signal)
    const parsed = parseManifest(bytes, descriptor.mediaType)
    if (parsed.kind === 'manifest') {
      const { config } = parsed.manifest
      const configBytes = await collect(client.openBlob(reference, config, signal), maxDocumentSize)
      const documents = { manifest: parsed.manifest, manifestDescriptor: descriptor, manifestBytes: bytes, configBytes }
      const repository = { ...reference, tag: undefined, digest: undefined }
      const pulled = assembleImage(documents, (layer, diffID) => ({
        kind: 'remote',
        descriptor: layer,
        diffID,
        client,
        repository,
      }))
      return { ...pulled, indexDescriptor }
    }
    indexDescriptor ??= descriptor
    current = { ...reference, tag: undefined, digest: choose(parsed.index.manifests, platform, reference).digest }
  }
  throw new HearthError({
    code: 'manifest-invalid',
    message: `${formatReference(reference)} nests image indexes too deeply`,
  })
}

function choose(manifests: readonly Descriptor[], platform: Platform, reference: Reference): Descriptor {
  const images = manifests.filter((m) => m.platform !== undefined && m.platform.os !== 'unknown')
  const picked =
    pickPlatform(images, platform) ?? (manifests.length === 1 && images.length === 0 ? manifests[0] : undefined)
  if (picked !== undefined) return picked
  const offered = images.map((m) => formatPlatform(m.platform as Platform)).join(', ')
  throw new HearthError({
    code: 'platform-missing',
    message: `${formatReference(reference)} has no image for ${formatPlatform(platform)}`,
    why: `it offers ${offered === '' ? 'no platform at all' : offered}`,
    fix: 'Choose another base image, or another platform with --custom-platform.',
  })
}
