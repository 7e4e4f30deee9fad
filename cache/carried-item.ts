import type { BlobIdentity } from '../src/content/blob-writing.ts'
import type { LayoutImage } from '../src/content/oci-layout.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import { descriptorOf } from '../src/oci/descriptor.ts'
import { type Digest, splitDigest } from '../src/oci/digest.ts'
import { manifestBytes } from '../src/oci/manifest.ts'
import { mediaTypes } from '../src/oci/media-type.ts'
import type { Carriable } from './carry-report.ts'

/** Something of a cache on its way into an OCI layout. */
export interface CarriedItem {
  readonly kind: Carriable
  /** For people. */
  readonly title: string
  /** What the layout lists because of it. */
  readonly listed: readonly LayoutImage[]
  /** Documents made for the journey. */
  readonly documents: readonly Document[]
  /** What the cache has as blobs. */
  readonly blobs: readonly BlobIdentity[]
}

export interface Document {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/** What the reference of a warmed image stood for: the digest of an index or manifest. In the layout's index.json. */
export const resolvedAnnotation = 'hearth.cache.resolved'
/** And when that was asked, in ISO 8601. */
export const resolvedAtAnnotation = 'hearth.cache.resolved-at'

const inputsType = 'application/vnd.hearth.cache.inputs.v1+json'
const inputsConfigType = 'application/vnd.hearth.cache.inputs.config.v1+json'

/**
 * The list of files that layers were made from, as an image of its own called "inputs-<hex>": so whoever copies or tidies
 * a layout sees that it is wanted.
 */
export function inputsImage(inputs: BlobIdentity): Pick<CarriedItem, 'listed' | 'documents'> {
  const configBytes = new TextEncoder().encode('{}')
  const config = descriptorOf(configBytes, inputsConfigType)
  const layer = { mediaType: inputsType, digest: inputs.digest, size: inputs.size }
  const bytes = manifestBytes({ mediaType: mediaTypes.ociManifest, config, layers: [layer] })
  const descriptor = descriptorOf(bytes, mediaTypes.ociManifest)
  return {
    listed: [{ descriptor, name: inputsName(inputs.digest) }],
    documents: [
      { descriptor: config, bytes: configBytes },
      { descriptor, bytes },
    ],
  }
}

function inputsName(digest: Digest): string {
  return `inputs-${splitDigest(digest).hex}`
}

export function isInputsName(name: string): boolean {
  return /^inputs-[0-9a-f]{64}$/.test(name)
}
