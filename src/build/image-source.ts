import type { BaseImages } from '../../cache/base-images.ts'
import { imageFromRegistry } from '../image/from-registry.ts'
import { imageFromStore } from '../image/from-store.ts'
import type { PulledImage } from '../image/pulled-image.ts'
import type { Log } from '../log.ts'
import { formatPlatform, type Platform } from '../oci/platform.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { ImageSource } from './rooms.ts'

export interface ImageSourceOptions {
  readonly client: RegistryClient
  /** The warmed directory; undefined without --cache. */
  readonly warm: BaseImages | undefined
  readonly log: Log
  readonly signal?: AbortSignal
}

/** Warmed images first, then the registry. A tag is resolved once per build, however many stages name it. */
export function createImageSource(options: ImageSourceOptions): ImageSource {
  const found = new Map<string, Promise<PulledImage>>()
  return {
    find(reference, platform) {
      const name = `${formatReference(reference)} ${formatPlatform(platform)}`
      const known = found.get(name)
      if (known !== undefined) return known
      const image = locate(reference, platform, options)
      found.set(name, image)
      return image
    },
  }
}

async function locate(reference: Reference, platform: Platform, options: ImageSourceOptions): Promise<PulledImage> {
  const name = formatReference(reference)
  const warm = await options.warm?.find(reference, platform)
  if (warm !== undefined && options.warm !== undefined) {
    options.log.info(`${name} is warm (${warm.digest})`)
    return imageFromStore(options.warm.store, warm)
  }
  const { client, signal } = options
  const image = await imageFromRegistry(reference, { client, platform, ...(signal === undefined ? {} : { signal }) })
  options.log.info(`${name} is ${image.manifestDescriptor.digest}`)
  return image
}
