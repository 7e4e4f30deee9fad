import type { Layer } from '../image/layer.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { FileRecord } from '../rootfs/record.ts'
import type { Root } from '../rootfs/root.ts'
import type { SharedRoot } from '../run/isolation.ts'
import type { LayerChanges } from '../snapshot/layer-order.ts'

/** The files of a stage while it is built: unpacked, where commands run, or a tree of what the layers say. */
export interface StageFiles {
  readonly path: Root
  /** The root that others use, too, if it is one. */
  readonly shared: SharedRoot | undefined
  /** What in the root is not the image's, at this moment. */
  ignored(): IgnoredPaths | undefined
  /** Brings those of `layers` in that are not yet there. The first ones must be the same at every call. */
  bringTo(layers: readonly Layer[], options?: BringOptions): Promise<void>
  /** Unpacks a layer that is none of the stage's: what it brings is a change like any other. */
  lay(layer: Layer): Promise<void>
  /** Remembers the files as they are; the next `changes` tells what has happened since. */
  watch(): Promise<void>
  /** What has changed since `watch` or the last call. */
  changes(): Promise<LayerChanges>
  /** The changes told last have become the last of these layers. */
  keep(layers: readonly Layer[]): void
  /** Begins again with nothing. */
  restart(): Promise<void>
  /** Begins again with an empty root when it is this stage's turn at a shared one. */
  enter(): Promise<void>
  /** Forgets the root: another stage has it now. */
  leave(): void
  /** Told where in the layer of the last changes the content of a file is. */
  onPlaced?(record: FileRecord, offset: number): void
}

export interface BringOptions {
  /** How many of the layers others of the build may begin with, too: those of an image or stage. */
  readonly base?: number
  /** How many of them an image consists of that other builds may begin with, too. */
  readonly image?: number
  /** The contents of files will be wanted by others. */
  readonly contents?: boolean
}

/** Files of a stage that lie in a directory of the machine. */
export interface StageRoot extends StageFiles {
  readonly path: string
}
