import type { ImageTrees } from '../image/image-trees.ts'
import type { Layer } from '../image/layer.ts'
import { FileTree } from '../rootfs/file-tree.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { FileRecord } from '../rootfs/record.ts'
import { keepAlike } from '../snapshot/alike-nodes.ts'
import type { LayerChanges } from '../snapshot/layer-order.ts'
import { treeChanges } from '../snapshot/tree-changes.ts'
import type { BringOptions, StageFiles } from './stage-files.ts'

export interface StageTreeOptions {
  readonly trees: ImageTrees
  /** Paths of the image whose changes are left out of layers. */
  readonly unwanted: IgnoredPaths
}

/** The files of a stage that runs no commands: nothing of them is unpacked. */
export class StageTree implements StageFiles {
  readonly shared = undefined
  readonly #trees: ImageTrees
  readonly #unwanted: IgnoredPaths
  #tree = FileTree.empty()
  #before: FileTree | undefined
  #layers: readonly Layer[] = []
  /** Of the layer that is being written: its number in the tree, and how to tell it that it is there. */
  #writing: { readonly source: number; readonly isStored: (layer: Layer) => void } | undefined
  #isRead = false

  constructor({ trees, unwanted }: StageTreeOptions) {
    this.#trees = trees
    this.#unwanted = unwanted
  }

  get path(): FileTree {
    return this.#tree
  }

  ignored(): undefined {
    return undefined
  }

  async bringTo(layers: readonly Layer[], { contents = false, image = 0 }: BringOptions = {}): Promise<void> {
    if (this.#isRead && layers.length === this.#layers.length) return
    this.#tree = await this.#trees.of(layers, { contents, base: image })
    this.#before = undefined
    this.#layers = layers.slice()
    this.#isRead = true
  }

  async lay(layer: Layer): Promise<void> {
    await this.#trees.lay(this.#tree, layer)
  }

  async watch(): Promise<void> {
    this.#before ??= this.#tree.fork()
    this.#tree.wind()
  }

  async changes(): Promise<LayerChanges> {
    if (this.#before === undefined) throw new TypeError('changes() without watch()')
    await keepAlike(this.#before, this.#tree)
    let stored: Layer | undefined
    const contents = this.#trees.contentsOf(() => {
      if (stored === undefined) throw new TypeError('the layer is not stored yet')
      return stored
    })
    this.#writing = {
      source: this.#tree.addSource(contents),
      isStored: (layer) => {
        stored = layer
      },
    }
    return treeChanges(this.#before, this.#tree, this.#unwanted)
  }

  onPlaced({ ino, size }: FileRecord, offset: number): void {
    if (this.#writing === undefined) throw new TypeError('no layer is being written')
    this.#tree.nodes.setPlace(Number(ino), size, { source: this.#writing.source, offset })
  }

  keep(layers: readonly Layer[]): void {
    const layer = layers.at(-1)
    if (layer === undefined) throw new TypeError('keep() without a layer')
    this.#writing?.isStored(layer)
    this.#layers = layers
    this.#before = undefined
    this.#trees.add(this.#layers, this.#tree)
  }

  async restart(): Promise<void> {
    this.leave()
  }

  async enter(): Promise<void> {
    this.leave()
  }

  leave(): void {
    this.#isRead = false
    this.#before = undefined
    this.#layers = []
  }
}
