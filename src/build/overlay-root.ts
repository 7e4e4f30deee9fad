import { mkdirSync } from 'node:fs'
import type { Layer } from '../image/layer.ts'
import { unpackLayers } from '../image/unpack-layers.ts'
import { mostLower } from '../rootfs/overlay-mount.ts'
import { overlaySnapshotter } from '../snapshot/overlay-snapshotter.ts'
import type { Changes } from '../snapshot/snapshotter.ts'
import { seenByAllThreads } from '../sys/private-mounts.ts'
import type { LayerStack, LayerTrees, MountedRoot } from './layer-trees.ts'
import type { BuildRooms } from './rooms.ts'
import type { BringOptions, StageRoot } from './stage-files.ts'

export interface OverlayRootOptions {
  /** A directory for this root alone, made when it is needed. */
  readonly place: string
  readonly trees: LayerTrees
  readonly rooms: BuildRooms
}

/** A root that lies on the unpacked layers it begins with; what a step changes is in a directory of its own. */
export class OverlayRoot implements StageRoot {
  readonly path: string
  readonly shared = undefined
  readonly #place: string
  readonly #trees: LayerTrees
  readonly #rooms: BuildRooms
  #stack: LayerStack = []
  #applied = 0
  #mounted: MountedRoot | undefined

  constructor({ place, trees, rooms }: OverlayRootOptions) {
    this.path = seenByAllThreads(place)
    this.#place = place
    this.#trees = trees
    this.#rooms = rooms
  }

  ignored(): undefined {
    return undefined
  }

  async bringTo(layers: readonly Layer[], { base = 0, image = 0 }: BringOptions = {}): Promise<void> {
    if (layers.length > this.#applied) {
      this.#unmount()
      this.#stack = await this.#trees.stack(layers, { base, image })
      this.#applied = layers.length
    }
    if (this.#mounted !== undefined) return
    mkdirSync(this.#place, { recursive: true, mode: 0o755 })
    this.#mounted = this.#trees.mount(this.#place, this.#stack)
  }

  async lay(layer: Layer): Promise<void> {
    const { store, log, signal } = this.#rooms
    const options = { store, log, ...(signal === undefined ? {} : { signal }) }
    for await (const _ of unpackLayers(this.path, [layer], options));
  }

  /** An overlay remembers by itself. */
  async watch(): Promise<void> {}

  async changes(): Promise<Changes> {
    if (this.#mounted === undefined) throw new TypeError('changes() without bringTo()')
    this.#trees.check()
    const { signal, unwanted: ignored } = this.#rooms
    const overlay = { ...this.#mounted, root: this.path, marks: this.#trees.marks, ignored }
    return overlaySnapshotter(overlay).diff(signal === undefined ? {} : { signal })
  }

  keep(layers: readonly Layer[]): void {
    if (this.#mounted === undefined) throw new TypeError('keep() without changes()')
    this.#stack = [this.#mounted.upper, ...this.#stack]
    this.#trees.add(layers, this.#stack)
    this.#applied = layers.length
    this.#unmount()
    // What no mount can hold is asked for again, and comes back flat.
    if (this.#stack.length >= mostLower) this.leave()
  }

  async enter(): Promise<void> {
    this.leave()
  }

  async restart(): Promise<void> {
    this.leave()
  }

  leave(): void {
    this.#unmount()
    this.#stack = []
    this.#applied = 0
  }

  #unmount(): void {
    if (this.#mounted === undefined) return
    this.#trees.unmount(this.#place, this.#mounted)
    this.#mounted = undefined
  }
}
