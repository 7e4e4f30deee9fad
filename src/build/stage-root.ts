import { mkdir } from 'node:fs/promises'
import { fetchLayer, type Layer, openLayerTar } from '../image/layer.ts'
import type { Log } from '../log.ts'
import { shortDigest } from '../oci/digest.ts'
import { applyLayer } from '../rootfs/apply.ts'
import type { Changes, Snapshotter } from '../snapshot/snapshotter.ts'
import { walkSnapshotter } from '../snapshot/walk-snapshotter.ts'
import type { BuildRooms } from './rooms.ts'

/**
 * The root filesystem of one stage: a directory that comes into being when the first step needs it. Layers are put on
 * in order; what a step changes afterwards is found by `changes`.
 */
export class StageRoot {
  readonly path: string
  readonly #rooms: BuildRooms
  readonly #log: Log
  #applied = 0
  #snapshotter: Snapshotter | undefined

  constructor(path: string, rooms: BuildRooms, log: Log) {
    this.path = path
    this.#rooms = rooms
    this.#log = log
  }

  /** Unpacks those of `layers` that are not yet in the root. The first ones must be the same at every call. */
  async bringTo(layers: readonly Layer[]): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o755 })
    const missing = layers.slice(this.#applied)
    if (missing.length === 0) return
    this.#snapshotter = undefined
    // The next layer is downloaded while this one is unpacked; layers are applied strictly in order.
    let next = this.#fetch(missing[0])
    for (const [i, layer] of missing.entries()) {
      const stored = await next
      next = this.#fetch(missing[i + 1])
      this.#log.debug(`unpacking layer ${shortDigest(layer.descriptor.digest)} (${layer.descriptor.size} bytes)`)
      await applyLayer(this.path, openLayerTar(stored ?? layer, this.#options()), {
        log: this.#log,
        ...this.#options(),
      })
      this.#applied += 1
    }
  }

  /** Remembers the root as it is; the next `changes` tells what has happened since. */
  async watch(): Promise<void> {
    this.#snapshotter ??= await walkSnapshotter(this.path, {
      mode: this.#rooms.layers.snapshotMode,
      ...this.#options(),
    })
  }

  /** What has changed since `watch` or the last call. The step that made it counts as applied. */
  async changes(): Promise<Changes> {
    if (this.#snapshotter === undefined) throw new TypeError('changes() without watch()')
    const changes = await this.#snapshotter.diff(this.#options())
    this.#applied += 1
    return changes
  }

  #fetch(layer: Layer | undefined): Promise<Layer | undefined> {
    const fetched =
      layer === undefined ? Promise.resolve(undefined) : fetchLayer(layer, this.#rooms.store, this.#options())
    // Awaited later; without this a failure in the meantime would end the process.
    fetched.catch(() => {})
    return fetched
  }

  #options(): { signal?: AbortSignal } {
    return this.#rooms.signal === undefined ? {} : { signal: this.#rooms.signal }
  }
}
