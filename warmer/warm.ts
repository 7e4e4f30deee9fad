import pLimit from 'p-limit'
import type { BaseImages } from '../cache/base-images.ts'
import { KanikoImages } from '../cache/kaniko-images.ts'
import { asHearthError } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import { formatReference } from '../src/oci/reference.ts'
import type { RegistryClient } from '../src/registry/registry-client.ts'
import { askingOnce } from './asked-once.ts'
import { LayerFetcher } from './layer-fetcher.ts'
import type { Lock } from './lock-file.ts'
import { Progress } from './progress.ts'
import { type WantedImage, withoutDuplicates } from './wanted-image.ts'
import { type Warming, warmImage } from './warm-image.ts'
import type { WarmResult } from './warm-result.ts'

export interface WarmOptions {
  readonly images: BaseImages
  readonly client: RegistryClient
  /** Ask the registry again for what is fresh, and read every layer that is there to see whether it is whole. */
  readonly force: boolean
  readonly log: Log
  /** Images looked after at once; 4 unless given. What they transfer is bounded by the registry client. */
  readonly atOnce?: number
  /** What names stand for, in the place of what a registry says. */
  readonly lock?: Lock
  /** How often to say how far it has come, in ms; 0, as when it is not given, for never. */
  readonly progressEveryMs?: number
  /** Told of each image when it is done. */
  readonly onResult?: (result: WarmResult) => void
  readonly signal?: AbortSignal
}

/**
 * Warms images side by side, each once. One that fails does not stop the others: the result says what became of each,
 * in the order wanted. Throws only when it was aborted.
 */
export async function warmImages(wanted: readonly WantedImage[], options: WarmOptions): Promise<readonly WarmResult[]> {
  const { images, force, log, lock, atOnce = 4, progressEveryMs: everyMs = 0, onResult, signal } = options
  const abort = signal === undefined ? {} : { signal }
  const all = withoutDuplicates(wanted)
  using progress = new Progress(all.length, { everyMs, say: (line) => log.info(line) })
  const layers = new LayerFetcher({ store: images.store, check: force, progress, ...abort })
  const client = askingOnce(options.client)
  const kaniko = new KanikoImages({ directory: images.directory, log })
  const warming: Warming = {
    images,
    kaniko,
    client,
    layers,
    force,
    log,
    ...(lock === undefined ? {} : { lock }),
    ...abort,
  }
  const slots = pLimit(atOnce)
  const tasks = all.map((image) => {
    return slots(async () => {
      const result = await attempt(image, warming)
      progress.imageDone()
      if (signal?.aborted !== true) onResult?.(result)
      return result
    })
  })
  const results = await Promise.all(tasks)
  signal?.throwIfAborted()
  if (results.some(({ kind }) => kind === 'warmed' || kind === 'refreshed')) await images.index()
  return results
}

async function attempt(wanted: WantedImage, warming: Warming): Promise<WarmResult> {
  const start = performance.now()
  const seconds = (): number => Math.round(performance.now() - start) / 1000
  try {
    warming.signal?.throwIfAborted()
    return { wanted, ...(await warmImage(wanted, warming)), seconds: seconds() }
  } catch (error) {
    const known = asHearthError(error).at(formatReference(wanted.reference))
    return { wanted, kind: 'failed', error: known, seconds: seconds() }
  }
}
