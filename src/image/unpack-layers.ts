import type { BlobStore } from '../content/blob-store.ts'
import type { Log } from '../log.ts'
import { shortDigest } from '../oci/digest.ts'
import { applyLayer } from '../rootfs/apply.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { Move } from '../rootfs/move-mounts.ts'
import { fetchLayer, isWhole, type Layer, openLayerTar, type ReadOptions } from './layer.ts'

export interface UnpackLayersOptions {
  /** Where the layers' bytes are kept. */
  readonly store: BlobStore
  readonly log: Log
  readonly signal?: AbortSignal
  /** What in the root is not the image's, asked before each layer. */
  readonly ignored?: () => IgnoredPaths | undefined
  /** Is told of mounts that made way; see `UnpackOptions`. */
  readonly onMoved?: (moves: readonly Move[]) => void
}

/** Puts layers on what is in a root, in order; the next one is downloaded, or hashed, while one is unpacked. Tells of each it has done. */
export async function* unpackLayers(
  root: string,
  layers: readonly Layer[],
  options: UnpackLayersOptions,
): AsyncGenerator<Layer> {
  const { store, log, signal, ignored: ask, onMoved } = options
  const abort = signal === undefined ? {} : { signal }
  const fetch = (layer: Layer | undefined): Promise<Layer | undefined> => {
    const fetched = layer?.kind === 'remote' ? fetchLayer(layer, store, abort) : isHere(layer, abort)
    // Awaited later; without this a failure in the meantime would end the process.
    fetched.catch(() => {})
    return fetched
  }
  let next = fetch(layers[0])
  for (const [i, layer] of layers.entries()) {
    const stored = await next
    next = fetch(layers[i + 1])
    log.debug(`unpacking layer ${shortDigest(layer.descriptor.digest)} (${layer.descriptor.size} bytes)`)
    const ignored = ask?.()
    await applyLayer(root, openLayerTar(stored ?? layer, abort), {
      log,
      // The layers stay as they are; a root to run commands in can do without.
      mayLackDevices: true,
      ...(ignored === undefined ? {} : { ignored }),
      ...(ignored === undefined || onMoved === undefined ? {} : { onMoved }),
      ...abort,
    })
    yield layer
  }
}

/** A copy that is on the disk stays where it is, and is found whole by the time it is wanted. */
async function isHere(layer: Layer | undefined, options: ReadOptions): Promise<undefined> {
  if (layer !== undefined) await isWhole(layer, options)
}
