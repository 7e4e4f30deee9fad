import type { BaseImages } from '../../cache/base-images.ts'
import type { KanikoImages } from '../../cache/kaniko-images.ts'
import { messageOf } from '../errors.ts'
import { imageFromLayout } from '../image/from-layout.ts'
import { imageFromRegistry } from '../image/from-registry.ts'
import { imageFromStore } from '../image/from-store.ts'
import type { PulledImage } from '../image/pulled-image.ts'
import type { Log } from '../log.ts'
import { formatPlatform, type Platform } from '../oci/platform.ts'
import { formatReference, type ImageReference, isInLayout, type Reference } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { ImageSource } from './rooms.ts'

export interface ImageSourceOptions {
  readonly client: RegistryClient
  /** The warmed directory; undefined without --cache. */
  readonly warm: BaseImages | undefined
  /** What kaniko has warmed there. */
  readonly kaniko?: KanikoImages | undefined
  readonly log: Log
  readonly signal?: AbortSignal
}

/**
 * Images of layouts are taken from there; for others, warmed images come first, then what kaniko has warmed, by the digest
 * that the registry gives, then the registry. A tag is resolved once per build, however many stages name it.
 */
export function createImageSource(options: ImageSourceOptions): ImageSource {
  const { log } = options
  const found = new Map<string, Promise<PulledImage>>()
  return {
    find(reference, platform) {
      const name = `${formatReference(reference)} ${formatPlatform(platform)}`
      const known = found.get(name)
      if (known !== undefined) return known
      const image = locate(reference, platform, options).then((found) => suited(found, { reference, platform, log }))
      found.set(name, image)
      return image
    },
  }
}

async function locate(
  reference: ImageReference,
  platform: Platform,
  options: ImageSourceOptions,
): Promise<PulledImage> {
  const name = formatReference(reference)
  if (isInLayout(reference)) {
    const image = await imageFromLayout(reference, platform)
    options.log.info(`${name} is ${image.manifestDescriptor.digest}`)
    return image
  }
  const warm = await warmImage(reference, platform, options)
  if (warm !== undefined) {
    options.log.info(`${name} is warm (${warm.manifestDescriptor.digest})`)
    return warm
  }
  const pinned = await kanikoImage(reference, options)
  if (pinned !== undefined) return pinned
  const { client, signal, kaniko } = options
  const image = await imageFromRegistry(reference, { client, platform, ...(signal === undefined ? {} : { signal }) })
  const near = await kaniko?.nearer(image)
  const { digest } = image.manifestDescriptor
  options.log.info(near === undefined ? `${name} is ${digest}` : `${name} is warm (${digest}, from kaniko)`)
  return near ?? image
}

/** An image that is named by the digest of its own manifest needs no registry. */
async function kanikoImage(
  reference: Reference,
  { kaniko, client, log }: ImageSourceOptions,
): Promise<PulledImage | undefined> {
  if (reference.digest === undefined) return undefined
  const repository = { ...reference, tag: undefined, digest: undefined }
  const image = await kaniko?.find(reference.digest, { client, repository })
  if (image !== undefined) log.info(`${formatReference(reference)} is warm (from kaniko)`)
  return image
}

interface Wish {
  readonly reference: ImageReference
  readonly platform: Platform
  readonly log: Log
}

/** An image that comes without a choice of platforms is taken as it is; that it is another's must be known. For a FROM, a build check warns. */
function suited(found: PulledImage, { reference, platform, log }: Wish): PulledImage {
  const { os, architecture } = found.image.config
  if (os !== platform.os || architecture !== platform.architecture) {
    const title = `${formatReference(reference)} is for ${os}/${architecture}`
    log.info(`${title}, not for ${formatPlatform(platform)}: there is only this one image`)
  }
  return found
}

/** Layers that turn out damaged come from the registry; so does the image when its documents are. */
async function warmImage(
  reference: Reference,
  platform: Platform,
  { warm, client, log }: ImageSourceOptions,
): Promise<PulledImage | undefined> {
  const found = await warm?.find(reference, platform)
  if (warm === undefined || found === undefined) return undefined
  const repository = { ...reference, tag: undefined, digest: undefined }
  try {
    return await imageFromStore(warm.store, found, { client, repository })
  } catch (error) {
    log.warn(`The warmed ${formatReference(reference)} cannot be used: ${messageOf(error)}`)
    return undefined
  }
}
