import { mkdir } from 'node:fs/promises'
import { fetchLayer, type Layer, openLayerTar } from '../image/layer.ts'
import type { Log } from '../log.ts'
import { shortDigest } from '../oci/digest.ts'
import { applyLayer } from '../rootfs/apply.ts'
import { clearRoot } from '../rootfs/clear-root.ts'
import { type IgnoredPaths, ignoredPaths } from '../rootfs/ignored-paths.ts'
import { removeTree } from '../rootfs/remove.ts'
import type { TouchedFile } from '../rootfs/touched-file.ts'
import type { SharedRoot } from '../run/isolation.ts'
import type { Changes, Snapshotter } from '../snapshot/snapshotter.ts'
import { walkSnapshotter } from '../snapshot/walk-snapshotter.ts'
import type { BuildRooms } from './rooms.ts'

export interface StageRootOptions {
  /** A directory for this root alone, made when it is needed; or a root that several stages take turns at. */
  readonly place: string | SharedRoot
  readonly rooms: BuildRooms
  readonly log: Log
}

/**
 * The root filesystem of one stage: it comes into being when the first step needs it. Layers are put on in order; what a
 * step changes afterwards is found by `changes`.
 */
export class StageRoot {
  readonly path: string
  /** The root that others use, too, if it is one. */
  readonly shared: SharedRoot | undefined
  readonly #rooms: BuildRooms
  readonly #log: Log
  #applied = 0
  #snapshotter: Snapshotter | undefined
  #touched: TouchedFile[] = []

  constructor({ place, rooms, log }: StageRootOptions) {
    this.shared = typeof place === 'string' ? undefined : place
    this.path = typeof place === 'string' ? place : place.path
    this.#rooms = rooms
    this.#log = log
  }

  /** What in the root is not the image's, at this moment. */
  ignored(): IgnoredPaths | undefined {
    return this.shared?.ignored()
  }

  /** Unpacks those of `layers` that are not yet in the root. The first ones must be the same at every call. */
  async bringTo(layers: readonly Layer[]): Promise<void> {
    if (this.shared === undefined) await mkdir(this.path, { recursive: true, mode: 0o755 })
    const missing = layers.slice(this.#applied)
    if (missing.length === 0) return
    this.#snapshotter = undefined
    // The next layer is downloaded while this one is unpacked; layers are applied strictly in order.
    let next = this.#fetch(missing[0])
    for (const [i, layer] of missing.entries()) {
      const stored = await next
      next = this.#fetch(missing[i + 1])
      this.#log.debug(`unpacking layer ${shortDigest(layer.descriptor.digest)} (${layer.descriptor.size} bytes)`)
      const ignored = this.ignored()
      await applyLayer(this.path, openLayerTar(stored ?? layer, this.#options()), {
        log: this.#log,
        // The layers stay as they are; a root to run commands in can do without.
        mayLackDevices: true,
        ...(ignored === undefined ? {} : { ignored }),
        ...this.#options(),
      })
      this.#applied += 1
    }
  }

  /** Remembers the root as it is; the next `changes` tells what has happened since. */
  async watch(): Promise<void> {
    const { layers, ignorePaths } = this.#rooms
    const unwanted = ignoredPaths(ignorePaths)
    this.#snapshotter ??= await walkSnapshotter(this.path, {
      mode: layers.snapshotMode,
      ignored: () => this.ignored() ?? unwanted,
      ...this.#options(),
    })
  }

  /** Takes note of a file in which there is nothing to be found. */
  touched(file: TouchedFile): void {
    this.#touched.push(file)
  }

  /** What has changed since `watch` or the last call. The step that made it counts as applied. */
  async changes(): Promise<Changes> {
    if (this.#snapshotter === undefined) throw new TypeError('changes() without watch()')
    const changes = await this.#snapshotter.diff({ touched: this.#touched, ...this.#options() })
    this.#touched = []
    this.#applied += 1
    return changes
  }

  /** Begins again with an empty root. */
  async enter(): Promise<void> {
    const ignored = this.ignored()
    this.leave()
    if (ignored !== undefined) await clearRoot(this.path, ignored)
  }

  /** Begins again with an empty root, whoever it belongs to. */
  async restart(): Promise<void> {
    await this.enter()
    if (this.shared === undefined) await removeTree(this.path)
  }

  /** Forgets the root: another stage has it now. */
  leave(): void {
    this.#applied = 0
    this.#snapshotter = undefined
  }

  #fetch(layer: Layer | undefined): Promise<Layer | undefined> {
    const { store } = this.#rooms
    const fetched = layer === undefined ? Promise.resolve(undefined) : fetchLayer(layer, store, this.#options())
    // Awaited later; without this a failure in the meantime would end the process.
    fetched.catch(() => {})
    return fetched
  }

  #options(): { signal?: AbortSignal } {
    return this.#rooms.signal === undefined ? {} : { signal: this.#rooms.signal }
  }
}
