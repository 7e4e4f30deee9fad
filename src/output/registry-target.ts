import { HearthError } from '../errors.ts'
import type { FinishedImage } from '../image/image.ts'
import type { Layer } from '../image/layer.ts'
import type { Log } from '../log.ts'
import { formatReference, type Reference, repositoryName } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { type BlobTarget, copyImage, type ImageBlob } from './copy-image.ts'
import type { Output, WriteOptions } from './output.ts'

export interface RegistryTargetOptions {
  readonly client: RegistryClient
  readonly log: Log
  /** A tag that exists and may not be changed is as good as pushed. */
  readonly keepsImmutableTags?: boolean
  /** Repositories that may have layers of the image: of use for destinations in the same registry. */
  readonly mountFrom?: readonly Reference[]
}

/**
 * One output for each repository among the destinations: its blobs are pushed once, then the manifest under every tag.
 * Throws for a destination with a digest, which nobody can promise before the build.
 */
export function registryTargets(destinations: readonly Reference[], options: RegistryTargetOptions): readonly Output[] {
  const repositories = new Map<string, Reference[]>()
  for (const destination of destinations) {
    if (destination.digest !== undefined) throw hasDigest(destination)
    const name = repositoryName(destination)
    const tags = repositories.get(name) ?? []
    repositories.set(name, tags)
    if (!tags.some((other) => other.tag === destination.tag)) tags.push(destination)
  }
  return [...repositories].map(([title, tags]) => registryTarget(title, tags, options))
}

function registryTarget(title: string, tags: readonly Reference[], options: RegistryTargetOptions): Output {
  const { client, log, keepsImmutableTags = false, mountFrom = [] } = options
  const [repository] = tags
  if (repository === undefined) throw new TypeError('a repository without a tag')
  const target: BlobTarget = {
    async putBlob({ descriptor, open, layer }: ImageBlob, { signal }: WriteOptions): Promise<void> {
      const outcome = await client.pushBlob(repository, descriptor, {
        open,
        ...mountSource(layer, repository, mountFrom),
        ...(signal === undefined ? {} : { signal }),
      })
      log.debug(`${title}: ${descriptor.digest} ${outcome} (${descriptor.size} bytes)`)
    },
    async putManifest(image: FinishedImage, { signal }: WriteOptions): Promise<void> {
      const { manifestBytes, manifestDescriptor } = image
      const about = { mediaType: manifestDescriptor.mediaType, ...(signal === undefined ? {} : { signal }) }
      const pushes = tags.map(async (tag) => {
        try {
          await client.pushManifest(tag, manifestBytes, about)
        } catch (error) {
          if (!keepsImmutableTags || !isImmutable(error)) throw error
          log.warn(`${formatReference(tag)} is not changed: its registry says that the tag is immutable`)
          return undefined
        }
        return tag
      })
      for (const tag of await Promise.all(pushes)) {
        if (tag !== undefined) log.info(`Pushed ${formatReference(tag)}@${manifestDescriptor.digest}`)
      }
    },
  }
  // Whether a blob is there is asked for all at once; the client itself bounds the transfers.
  return { title, write: (image, o = {}) => copyImage(image, target, { parallel: 100, ...o }) }
}

/**
 * Where the registry has the layer already: in a repository that it was found in, or else, perhaps, in one of `others`.
 * A mount that turns out impossible costs nothing, because the registry answers it as the beginning of an upload.
 */
function mountSource(
  layer: Layer | undefined,
  repository: Reference,
  others: readonly Reference[],
): { readonly mountFrom?: Reference } {
  if (layer === undefined) return {}
  const known = layer.kind === 'remote' ? [layer.repository] : []
  const mountFrom = [...known, ...others].find(({ registry }) => registry === repository.registry)
  return mountFrom === undefined || mountFrom.repository === repository.repository ? {} : { mountFrom }
}

/** Registries have no code for it: each has words of its own, with one in common. */
function isImmutable(error: unknown): boolean {
  return error instanceof HearthError && /immutab/i.test(error.why ?? '')
}

function hasDigest(destination: Reference): HearthError {
  return new HearthError({
    code: 'reference-invalid',
    message: `An image cannot be pushed to ${formatReference(destination)}`,
    why: 'the digest of an image is known only when it is built',
    fix: 'Name a tag in --destination.',
  })
}
