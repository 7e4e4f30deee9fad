import type { Log } from '../log.ts'
import { chainID, shortDigest } from '../oci/digest.ts'
import { applyLayerToTree } from '../rootfs/apply-to-tree.ts'
import { FileTree } from '../rootfs/file-tree.ts'
import { NodeTable } from '../rootfs/node-table.ts'
import { type Layer, openLayerTar } from './layer.ts'
import { TarCopy } from './tar-copy.ts'

export interface ImageTreesOptions {
  /** Existing directory for uncompressed copies of layers whose contents are wanted. */
  readonly directory: string
  readonly log: Log
  readonly signal?: AbortSignal
}

export interface TreeWish {
  /** Contents will be wanted, too: they are copied while the layers are read. */
  readonly contents: boolean
}

/**
 * The file trees of stacks of layers. A layer is read once, when the first tree with it on top of the same layers is
 * asked for; no file is unpacked.
 */
export class ImageTrees {
  readonly #options: ImageTreesOptions
  readonly #nodes = new NodeTable()
  readonly #known = new Map<string, Promise<FileTree>>()

  constructor(options: ImageTreesOptions) {
    this.#options = options
  }

  /** A tree of one's own with the files of these layers. */
  async of(layers: readonly Layer[], wish: TreeWish = { contents: false }): Promise<FileTree> {
    return (await this.#shared(layers, wish)).fork()
  }

  /** Makes a tree known as that of these layers: what it will be asked for need not be read. */
  add(layers: readonly Layer[], tree: FileTree): void {
    this.#known.set(nameOf(layers), Promise.resolve(tree.fork()))
  }

  /** The contents of a layer that is about to be stored; `layer` gives it once it is. */
  contentsOf(layer: () => Layer): TarCopy {
    return new TarCopy({ directory: this.#options.directory, open: () => openLayerTar(layer(), this.#signal()) })
  }

  #shared(layers: readonly Layer[], wish: TreeWish): Promise<FileTree> {
    const name = nameOf(layers)
    const known = this.#known.get(name) ?? this.#read(layers, wish)
    this.#known.set(name, known)
    return known
  }

  async #read(layers: readonly Layer[], { contents }: TreeWish): Promise<FileTree> {
    const layer = layers.at(-1)
    if (layer === undefined) return FileTree.empty(this.#nodes)
    const tree = (await this.#shared(layers.slice(0, -1), { contents })).fork()
    await this.lay(tree, layer, { contents })
    return tree
  }

  /** Puts a layer on a tree of these. */
  async lay(tree: FileTree, layer: Layer, { contents }: TreeWish = { contents: false }): Promise<void> {
    const { log } = this.#options
    const { digest, size } = layer.descriptor
    log.debug(`reading the names in layer ${shortDigest(digest)} (${size} bytes)`)
    const copy = this.contentsOf(() => layer)
    const tar = contents ? copy.passing() : openLayerTar(layer, this.#signal())
    await applyLayerToTree(tree, tar, { source: tree.addSource(copy), log, ...this.#signal() })
  }

  #signal(): { signal?: AbortSignal } {
    return this.#options.signal === undefined ? {} : { signal: this.#options.signal }
  }
}

function nameOf(layers: readonly Layer[]): string {
  return chainID(layers.map((layer) => layer.diffID)) ?? 'scratch'
}
