import pLimit from 'p-limit'
import type { BaseImages } from '../cache/base-images.ts'
import { KanikoImages } from '../cache/kaniko-images.ts'
import { asHearthError } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import { formatReference } from '../src/oci/reference.ts'
import type { RegistryClient } from '../src/registry/registry-client.ts'
import { LayerFetcher } from './layer-fetcher.ts'
import { type WantedImage, withoutDuplicates } from './wanted-image.ts'
import { type Warming, warmImage } from './warm-image.ts'
import type { WarmResult } from './warm-result.ts'

export interface WarmOptions {
  readonly images: BaseImages
  readonly client: RegistryClient
  /** Ask the registry again for what is fresh, and read every layer that is there to see whether it is whole. */
  readonly force: boolean
  readonly log: Log
  /** Told of each image when it is done. */
  readonly onResult?: (result: WarmResult) => void
  readonly signal?: AbortSignal
}

/** Images looked after at once. What they transfer is bounded by the registry client. */
const imagesAtOnce = 4

/**
 * Warms images side by side, each once. One that fails does not stop the others: the result says what became of each,
 * in the order wanted. Throws only when it was aborted.
 */
export async function warmImages(wanted: readonly WantedImage[], options: WarmOptions): Promise<readonly WarmResult[]> {
  const { images, client, force, log, onResult, signal } = options
  const abort = signal === undefined ? {} : { signal }
  const layers = new LayerFetcher({ store: images.store, check: force, ...abort })
  const kaniko = new KanikoImages({ directory: images.directory, log })
  const warming: Warming = { images, kaniko, client, layers, force, log, ...abort }
  const slots = pLimit(imagesAtOnce)
  const tasks = withoutDuplicates(wanted).map((image) => {
    return slots(async () => {
      const result = await attempt(image, warming)
      if (signal?.aborted !== true) onResult?.(result)
      return result
    })
  })
  const results = await Promise.all(tasks)
  signal?.throwIfAborted()
  return results
}

async function attempt(wanted: WantedImage, warming: Warming): Promise<WarmResult> {
  try {
    warming.signal?.throwIfAborted()
    return { wanted, ...(await warmImage(wanted, warming)) }
  } catch (error) {
    return { wanted, kind: 'failed', error: asHearthError(error).at(formatReference(wanted.reference)) }
  }
}
