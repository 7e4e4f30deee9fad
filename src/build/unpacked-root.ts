import { mkdirSync } from 'node:fs'
import { messageOf } from '../errors.ts'
import type { Layer } from '../image/layer.ts'
import { unpackLayers } from '../image/unpack-layers.ts'
import type { Log } from '../log.ts'
import { clearRoot } from '../rootfs/clear-root.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import { type Move, moveBack } from '../rootfs/move-mounts.ts'
import { removeTree } from '../rootfs/remove.ts'
import type { SharedRoot } from '../run/isolation.ts'
import type { Changes, Snapshotter } from '../snapshot/snapshotter.ts'
import { withoutTouched } from '../snapshot/touched-files.ts'
import { walkSnapshotter } from '../snapshot/walk-snapshotter.ts'
import { showPath } from '../tar/raw-path.ts'
import type { BuildRooms } from './rooms.ts'
import type { StageRoot } from './stage-files.ts'

export interface UnpackedRootOptions {
  /** A directory for this root alone, made when it is needed; or a root that several stages take turns at. */
  readonly place: string | SharedRoot
  readonly rooms: BuildRooms
  readonly log: Log
}

/** A root whose files all lie in one directory. */
export class UnpackedRoot implements StageRoot {
  readonly path: string
  readonly shared: SharedRoot | undefined
  readonly #rooms: BuildRooms
  readonly #log: Log
  #layers: readonly Layer[] = []
  /** Mounts of the machine that had to make way for a layer. */
  #moves: Move[] = []
  #snapshotter: Snapshotter | undefined

  constructor({ place, rooms, log }: UnpackedRootOptions) {
    this.shared = typeof place === 'string' ? undefined : place
    this.path = typeof place === 'string' ? place : place.path
    this.#rooms = rooms
    this.#log = log
  }

  ignored(): IgnoredPaths | undefined {
    return this.shared?.ignored()
  }

  async bringTo(layers: readonly Layer[]): Promise<void> {
    if (this.shared === undefined) mkdirSync(this.path, { recursive: true, mode: 0o755 })
    const missing = layers.slice(this.#layers.length)
    if (missing.length === 0) return
    this.#snapshotter = undefined
    for await (const layer of this.#unpack(missing)) this.#layers = [...this.#layers, layer]
  }

  async lay(layer: Layer): Promise<void> {
    for await (const _ of this.#unpack([layer]));
  }

  #unpack(layers: readonly Layer[]): AsyncGenerator<Layer> {
    return unpackLayers(this.path, layers, {
      store: this.#rooms.store,
      log: this.#log,
      ignored: () => this.ignored(),
      onMoved: (moves: readonly Move[]) => this.#moves.push(...moves),
      ...this.#options(),
    })
  }

  async watch(): Promise<void> {
    const { layers, unwanted } = this.#rooms
    this.#snapshotter ??= await walkSnapshotter(this.path, {
      mode: layers.snapshotMode,
      ignored: () => this.ignored() ?? unwanted,
      ...this.#options(),
    })
  }

  async changes(): Promise<Changes> {
    if (this.#snapshotter === undefined) throw new TypeError('changes() without watch()')
    const changes = await this.#snapshotter.diff(this.#options())
    return withoutTouched(changes, { root: this.path, layers: this.#layers, ...this.#options() })
  }

  keep(layers: readonly Layer[]): void {
    this.#layers = layers
  }

  async enter(): Promise<void> {
    this.leave()
    const ignored = this.ignored()
    if (ignored !== undefined) await clearRoot(this.path, ignored)
  }

  async restart(): Promise<void> {
    await this.enter()
    if (this.shared === undefined) await removeTree(this.path)
  }

  /** Mounts are where they were before this one had it. */
  leave(): void {
    this.#layers = []
    this.#snapshotter = undefined
    for (const move of this.#moves.splice(0).reverse()) this.#moveBack(move)
  }

  #moveBack(move: Move): void {
    try {
      moveBack(this.path, move)
    } catch (error) {
      this.#log.warn(`${showPath(move.from)} of the container stays at ${showPath(move.to)}: ${messageOf(error)}`)
    }
  }

  #options(): { signal?: AbortSignal } {
    return this.#rooms.signal === undefined ? {} : { signal: this.#rooms.signal }
  }
}
