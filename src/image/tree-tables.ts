import type { DiffID } from '../oci/digest.ts'
import type { FileTree } from '../rootfs/file-tree.ts'

/** What earlier builds have found in stacks of layers, kept so that the layers need not be read again. */
export interface TreeTables {
  /**
   * Puts the files of these layers into an empty tree, with the tree's numbers for where the contents of each layer are.
   * False when they are not known; the tree is of no use then.
   */
  fill(tree: FileTree, layers: readonly DiffID[], sources: readonly number[]): Promise<boolean>
  /**
   * Remembers what is in a tree of these layers, besides whatever else is done; the tree must not change any more.
   * `sourceOf` gives the layer that a source of the tree is of, counted from the lowest.
   */
  keep(tree: FileTree, layers: readonly DiffID[], sourceOf: (source: number) => number | undefined): void
}
