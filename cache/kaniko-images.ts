import { HearthError } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import type { RemoteLayer } from '../src/image/layer.ts'
import { assembleImage, type PulledImage } from '../src/image/pulled-image.ts'
import type { Log } from '../src/log.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import type { Digest } from '../src/oci/digest.ts'
import { collect } from '../src/stream/bytes.ts'
import { type KanikoEntry, openKanikoEntry } from './kaniko-entry.ts'
import { Trouble } from './trouble.ts'

export interface KanikoImagesOptions {
  readonly directory: string
  readonly log: Log
}

/** Where a layer comes from when kaniko's copy turns out damaged. */
export type LayerOrigin = Pick<RemoteLayer, 'client' | 'repository'>

/**
 * The base images that kaniko's warmer has left in a cache directory, by the digests of their manifests. They are read
 * where they are; nothing of them is changed, so that kaniko finds them as before. What is damaged counts as missing.
 */
export class KanikoImages {
  readonly #directory: string
  readonly #trouble: Trouble

  constructor({ directory, log }: KanikoImagesOptions) {
    this.#directory = directory
    this.#trouble = new Trouble(log, `An image warmed by kaniko in ${directory} is damaged and is not used`)
  }

  /** The image of a manifest, without asking anybody else; undefined when it is not there with all its documents. */
  find(digest: Digest, origin?: LayerOrigin): Promise<PulledImage | undefined> {
    return this.#attempt(digest, async (entry) => {
      if (entry.manifest === undefined) return undefined
      const { manifest, descriptor: manifestDescriptor, bytes: manifestBytes } = entry.manifest
      const config = blobIn(entry, manifest.config)
      if (manifest.config.size > maxDocumentSize) throw missing(manifest.config)
      const configBytes = await collect(config.open(), maxDocumentSize)
      const image = assembleImage(
        { manifest, manifestDescriptor, manifestBytes, configBytes },
        (descriptor, diffID) => ({
          kind: 'packed',
          descriptor,
          diffID,
          blob: blobIn(entry, descriptor),
          ...(origin && { elsewhere: async () => ({ kind: 'remote', descriptor, diffID, ...origin }) }),
        }),
      )
      return image
    })
  }

  /** The same image with its layers from here; undefined when they are not all here. Damaged ones come from its own place. */
  nearer<Image extends PulledImage>(image: Image): Promise<Image | undefined> {
    return this.#attempt(image.manifestDescriptor.digest, async (entry) => {
      const layers = image.image.layers.map((layer) => {
        const { descriptor, diffID } = layer
        const blob = blobIn(entry, descriptor)
        return { kind: 'packed', descriptor, diffID, blob, elsewhere: async () => layer } as const
      })
      return { ...image, image: { ...image.image, layers } }
    })
  }

  async #attempt<T>(digest: Digest, task: (entry: KanikoEntry) => Promise<T | undefined>): Promise<T | undefined> {
    try {
      const onDamaged = (error: HearthError): void => this.#trouble.note(error)
      const entry = await openKanikoEntry(this.#directory, { digest, onDamaged })
      return entry && (await task(entry))
    } catch (error) {
      this.#trouble.note(error)
      return undefined
    }
  }
}

function blobIn(entry: KanikoEntry, descriptor: Descriptor): ReturnType<KanikoEntry['blob']> & object {
  const blob = entry.blob(descriptor)
  if (blob === undefined) throw missing(descriptor)
  return blob
}

/** Such as layers that somebody has compressed anew, or not at all: they would make another image. */
function missing({ digest }: Descriptor): HearthError {
  return new HearthError({
    code: 'cache-unusable',
    message: 'An image warmed by kaniko is not complete',
    why: `${digest} of its manifest is not in it`,
  })
}
