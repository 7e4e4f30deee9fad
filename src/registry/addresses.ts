import type { Digest } from '../oci/digest.ts'
import { formatReference, type Reference, repositoryName } from '../oci/reference.ts'
import type { BlobAddress } from './blobs.ts'
import { type Endpoint, originEndpoint } from './endpoint.ts'
import type { ManifestAddress } from './manifests.ts'
import type { Subject } from './registry-error.ts'
import type { TagsAddress } from './tags.ts'

export interface Call {
  readonly action: Subject['action']
  readonly signal: AbortSignal | undefined
}

/** Says for each request what it is about, how patient it is, and how it can be ended. */
export interface Addresses {
  manifest(reference: Reference, endpoint: Endpoint, call: Call): ManifestAddress
  blob(blob: { repository: Reference; digest: Digest }, endpoint: Endpoint, call: Call): BlobAddress
  tags(repository: Reference, call: Call & { readonly pageSize: number }): TagsAddress
}

export function createAddresses(o: { retries: number; loginPlace: string | undefined }): Addresses {
  const about = (endpoint: Endpoint, what: string, action: Subject['action']): Subject => {
    return { host: endpoint.host, registry: endpoint.registry, what, action, loginPlace: o.loginPlace }
  }
  return {
    manifest(reference, endpoint, { action, signal }) {
      // Otherwise the digest is the stronger word; pushing, the tag says where the manifest shall be found.
      const [first, second] = action === 'push' ? [reference.tag, reference.digest] : [reference.digest, reference.tag]
      const subject = about(endpoint, formatReference(reference), action)
      return { endpoint, tagOrDigest: first ?? second ?? 'latest', subject, retries: o.retries, signal }
    },
    blob({ repository, digest }, endpoint, { action, signal }) {
      const subject = about(endpoint, `blob ${digest} of ${repositoryName(repository)}`, action)
      return { endpoint, digest, subject, retries: o.retries, signal }
    },
    tags(repository, { action, signal, pageSize }) {
      const endpoint = originEndpoint(repository)
      const subject = about(endpoint, `repository ${repositoryName(repository)}`, action)
      return { endpoint, subject, pageSize, retries: o.retries, signal }
    },
  }
}
