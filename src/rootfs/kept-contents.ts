import type { TarEntry } from '../tar/entry.ts'
import { baseName, type RawPath } from '../tar/raw-path.ts'
import type { StoredContent } from '../tar/sink.ts'
import type { FileTree } from './file-tree.ts'

const names = new Set<string>(['passwd', 'group'])
const largest = 1 << 20

/** Keeps the contents in memory that nearly every build asks for, so that no layer is copied for their sake. */
export class KeptContents {
  readonly #tree: FileTree
  #node: number | undefined
  #chunks: Uint8Array[] = []

  constructor(tree: FileTree) {
    this.#tree = tree
  }

  /** To be told of each entry that was made, and where in the tree. */
  begin(entry: TarEntry, stored: StoredContent, place: RawPath): void {
    const isWanted = entry.type === 'file' && names.has(baseName(entry.path)) && entry.size <= largest
    this.#node = isWanted && stored.map === undefined ? this.#tree.find(place) : undefined
    this.#chunks = []
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    if (this.#node !== undefined) this.#chunks.push(chunk.slice(start, end))
  }

  end(): void {
    const chunks = this.#chunks
    if (this.#node !== undefined) {
      this.#tree.nodes.setOpen(
        this.#node,
        chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
        () => chunks,
      )
    }
    this.#node = undefined
  }
}
