import type { Layer } from '../image/layer.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { SharedRoot } from '../run/isolation.ts'
import type { Changes } from '../snapshot/snapshotter.ts'

/**
 * The root filesystem of one stage: it comes into being when the first step needs it. Layers are put on in order; what a
 * step changes afterwards is found by `changes`.
 */
export interface StageRoot {
  readonly path: string
  /** The root that others use, too, if it is one. */
  readonly shared: SharedRoot | undefined
  /** What in the root is not the image's, at this moment. */
  ignored(): IgnoredPaths | undefined
  /**
   * Unpacks those of `layers` that are not yet in the root. The first ones must be the same at every call. `base` says how
   * many of them are an image that other stages may begin with, too.
   */
  bringTo(layers: readonly Layer[], base?: number): Promise<void>
  /** Remembers the root as it is; the next `changes` tells what has happened since. */
  watch(): Promise<void>
  /** What has changed since `watch` or the last call. */
  changes(): Promise<Changes>
  /** The changes told last have become the last of these layers. */
  keep(layers: readonly Layer[]): void
  /** Begins with an empty root. A shared one is emptied of what it holds. */
  enter(): Promise<void>
  /** Begins again with an empty root, whoever it belongs to. */
  restart(): Promise<void>
  /** Forgets the root: another stage has it now. */
  leave(): void
}
