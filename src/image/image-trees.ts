import type { Log } from '../log.ts'
import { chainID, type DiffID, shortDigest } from '../oci/digest.ts'
import { applyLayerToTree } from '../rootfs/apply-to-tree.ts'
import { FileTree } from '../rootfs/file-tree.ts'
import { NodeTable } from '../rootfs/node-table.ts'
import { type Layer, openLayerTar } from './layer.ts'
import { TarCopy } from './tar-copy.ts'
import type { TreeTables } from './tree-tables.ts'

export interface ImageTreesOptions {
  /** Existing directory for uncompressed copies of layers whose contents are wanted. */
  readonly directory: string
  /** What is known of images from earlier builds. */
  readonly tables?: TreeTables | undefined
  readonly log: Log
  readonly signal?: AbortSignal
}

export interface TreeWish {
  /** Contents will be wanted, too: they are copied while the layers are read. */
  readonly contents: boolean
  /** How many of the layers are an image's, from the lowest on: their files are remembered for later builds. */
  readonly base?: number
}

/**
 * The file trees of stacks of layers. A layer is read once, when the first tree with it on top of the same layers is
 * asked for, and not at all when its files are known from an earlier build; no file is unpacked.
 */
export class ImageTrees {
  readonly #options: ImageTreesOptions
  readonly #nodes = new NodeTable()
  readonly #known = new Map<string, Promise<FileTree>>()
  /** Which layers the sources of the trees are the contents of. */
  readonly #layerOf = new Map<number, DiffID>()

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

  async #read(layers: readonly Layer[], wish: TreeWish): Promise<FileTree> {
    const layer = layers.at(-1)
    if (layer === undefined) return FileTree.empty(this.#nodes)
    const isBase = layers.length <= (wish.base ?? 0)
    const known = isBase ? await this.#fromTable(layers) : undefined
    if (known !== undefined) return known
    const tree = (await this.#shared(layers.slice(0, -1), wish)).fork()
    await this.lay(tree, layer, wish)
    if (layers.length === wish.base) this.#keep(tree, layers)
    return tree
  }

  /** Puts a layer on a tree of these. */
  async lay(tree: FileTree, layer: Layer, { contents }: TreeWish = { contents: false }): Promise<void> {
    const { log } = this.#options
    const { digest, size } = layer.descriptor
    log.debug(`reading the names in layer ${shortDigest(digest)} (${size} bytes)`)
    const copy = this.contentsOf(() => layer)
    const tar = contents ? copy.passing() : openLayerTar(layer, this.#signal())
    await applyLayerToTree(tree, tar, { source: this.#addSource(tree, copy, layer), log, ...this.#signal() })
  }

  async #fromTable(layers: readonly Layer[]): Promise<FileTree | undefined> {
    const { tables, log } = this.#options
    if (tables === undefined) return undefined
    const tree = FileTree.empty(this.#nodes)
    const diffIDs = layers.map(({ diffID }) => diffID)
    const sources = layers.map((layer) =>
      this.#addSource(
        tree,
        this.contentsOf(() => layer),
        layer,
      ),
    )
    if (!(await tables.fill(tree, diffIDs, sources))) return undefined
    log.debug(`the names in ${layers.length} layers are known from an earlier build`)
    return tree
  }

  #addSource(tree: FileTree, copy: TarCopy, { diffID }: Layer): number {
    const source = tree.addSource(copy)
    this.#layerOf.set(source, diffID)
    return source
  }

  /** A fork is what the tree is now, whatever becomes of it. */
  #keep(tree: FileTree, layers: readonly Layer[]): void {
    const diffIDs = layers.map(({ diffID }) => diffID)
    this.#options.tables?.keep(tree.fork(), diffIDs, (source) => {
      const diffID = this.#layerOf.get(source)
      const index = diffID === undefined ? -1 : diffIDs.indexOf(diffID)
      return index < 0 ? undefined : index
    })
  }

  #signal(): { signal?: AbortSignal } {
    return this.#options.signal === undefined ? {} : { signal: this.#options.signal }
  }
}

function nameOf(layers: readonly Layer[]): string {
  return chainID(layers.map((layer) => layer.diffID)) ?? 'scratch'
}
