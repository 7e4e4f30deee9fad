import type { HttpClient } from '../http/http-client.ts'
import { type BackOff, defaultBackOff } from '../http/retry.ts'
import type { Log } from '../log.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Reference } from '../oci/reference.ts'
import type { Bytes } from '../stream/bytes.ts'
import { verify } from '../stream/verify.ts'
import { createAddresses } from './addresses.ts'
import { createAuthorizer } from './authorizer.ts'
import { headBlob, readBlob } from './blobs.ts'
import type { CredentialSource } from './credential.ts'
import { deleteManifest } from './delete-manifest.ts'
import { type MirrorPolicy, originEndpoint, pullEndpoints } from './endpoint.ts'
import { type EndpointRun, firstThatWorks, streamFromFirst } from './first-endpoint.ts'
import { getManifest, putManifest, resolveManifest } from './manifests.ts'
import { pushBlob } from './push-blob.ts'
import { createRegistrySession } from './registry-session.ts'
import { createSchemeFinder } from './scheme.ts'
import { listTags } from './tags.ts'
import { createTransferSlots } from './transfer-slots.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface OpenBlobOptions extends CallOptions {
  /** A small document that should not wait until layers on their way have arrived. */
  readonly atOnce?: boolean
}

export interface ListTagsOptions extends CallOptions {
  /** Tags asked for at once; 1000 unless given. */
  readonly pageSize?: number
}

export interface PushBlobOptions extends CallOptions {
  /** Opens the blob's bytes; called again for every further try. */
  readonly open: () => Bytes
  /** A repository that has the blob; of use when it is in the same registry. */
  readonly mountFrom?: Reference
}

export interface PushManifestOptions extends CallOptions {
  readonly mediaType: string
}

/**
 * Speaks to registries (the distribution specification). Failures are HearthErrors: "registry-auth",
 * "registry-not-found", "registry-rate-limit", "registry-unreachable", "registry-refused", "integrity".
 */
export interface RegistryClient {
  /** What a tag points to: a manifest or an index. */
  resolve(reference: Reference, o?: CallOptions): Promise<Descriptor>
  /** At most 4 MiB; checked against the reference's digest, if it has one. */
  manifest(
    reference: Reference,
    o?: CallOptions,
  ): Promise<{ readonly descriptor: Descriptor; readonly bytes: Uint8Array }>
  /** A blob's bytes: size and digest are checked by the end of the stream; a broken connection is taken up again. */
  openBlob(repository: Reference, descriptor: Descriptor, o?: OpenBlobOptions): Bytes
  hasBlob(repository: Reference, digest: Digest, o?: CallOptions): Promise<boolean>
  pushBlob(
    repository: Reference,
    descriptor: Descriptor,
    o: PushBlobOptions,
  ): Promise<'existed' | 'mounted' | 'uploaded'>
  /** `reference` says under which tag, or under its digest when it has no tag. */
  pushManifest(reference: Reference, bytes: Uint8Array, o: PushManifestOptions): Promise<Digest>
  /** All tags of a repository of the registry itself, a page at a time, in the registry's order. */
  tags(repository: Reference, o?: ListTagsOptions): AsyncIterable<string>
  /** Deletes a manifest, and so all tags that point to it. Many registries have to be told to allow it: "registry-refused". */
  deleteManifest(repository: Reference, digest: Digest, o?: CallOptions): Promise<void>
}

export interface RegistryPolicy extends MirrorPolicy {
  /** Hosts ("host:port") that are spoken to by plain http. */
  readonly plainHttp: (host: string) => boolean
  /** Further tries of a request after 429, 5xx, a broken connection or a time-out. */
  readonly retries: number
}

export interface RegistryClientOptions {
  readonly http: HttpClient
  readonly credentials: CredentialSource
  readonly policy: RegistryPolicy
  /** Bounds the blobs on their way at once, for example p-limit. */
  readonly transfers: <T>(task: () => Promise<T>) => Promise<T>
  readonly log: Log
  readonly backOff?: BackOff
}

export function createRegistryClient(o: RegistryClientOptions): RegistryClient {
  const { http, credentials, policy, log, backOff = defaultBackOff } = o
  const schemes = createSchemeFinder({ http, plainHttp: policy.plainHttp })
  const authorizer = createAuthorizer({ http, credentials })
  const session = createRegistrySession({ http, schemes, authorizer, backOff, log })
  const slots = createTransferSlots(o.transfers)
  const warned = new Set<string>()
  const addresses = createAddresses({ retries: policy.retries, loginPlace: credentials.place })
  const sources = (reference: Reference, signal: AbortSignal | undefined): EndpointRun => {
    return { endpoints: pullEndpoints(reference, policy), log, warned, signal }
  }

  return {
    resolve(reference, { signal } = {}) {
      return firstThatWorks(sources(reference, signal), (endpoint) => {
        return resolveManifest(session, addresses.manifest(reference, endpoint, { action: 'pull', signal }))
      })
    },
    manifest(reference, { signal } = {}) {
      return firstThatWorks(sources(reference, signal), (endpoint) => {
        return getManifest(session, addresses.manifest(reference, endpoint, { action: 'pull', signal }))
      })
    },
    openBlob(repository, descriptor, { signal, atOnce = false } = {}) {
      const blob = { repository, digest: descriptor.digest }
      const bytes = streamFromFirst(sources(repository, signal), descriptor.size, (endpoint, from) => {
        const address = addresses.blob(blob, endpoint, { action: 'pull', signal })
        return readBlob(session, { ...address, descriptor, from, log })
      })
      return verify(atOnce ? bytes : slots.hold(bytes), descriptor)
    },
    async hasBlob(repository, digest, { signal } = {}) {
      const endpoint = originEndpoint(repository)
      const address = addresses.blob({ repository, digest }, endpoint, { action: 'pull', signal })
      return (await headBlob(session, address)).exists
    },
    pushBlob(repository, descriptor, { open, mountFrom, signal }) {
      const blob = { repository, digest: descriptor.digest }
      const address = addresses.blob(blob, originEndpoint(repository), { action: 'push', signal })
      const from = mountFrom?.registry === repository.registry ? mountFrom.repository : undefined
      return pushBlob({ session, slots, backOff, log }, { ...address, descriptor, open, from })
    },
    pushManifest(reference, bytes, { mediaType, signal }) {
      const address = addresses.manifest(reference, originEndpoint(reference), { action: 'push', signal })
      return putManifest(session, address, { bytes, mediaType })
    },
    tags(repository, { signal, pageSize = 1000 } = {}) {
      return listTags(session, addresses.tags(repository, { action: 'pull', signal, pageSize }))
    },
    deleteManifest(repository, digest, { signal } = {}) {
      const call = { action: 'delete', signal } as const
      const reference = { ...repository, tag: undefined, digest }
      return deleteManifest(session, addresses.manifest(reference, originEndpoint(repository), call))
    },
  }
}
