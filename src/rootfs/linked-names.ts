import { joinRaw, type RawPath } from '../tar/raw-path.ts'
import type { NodeTable } from './node-table.ts'

/** Under which names the files of a tree lie that have several; found by one walk through the tree. */
export class LinkedNames {
  readonly #names = new Map<number, RawPath[]>()

  constructor(nodes: NodeTable, root: number) {
    const waiting: [directory: number, path: RawPath][] = [[root, '' as RawPath]]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [directory, path] = next
      for (const [name, node] of nodes.names.entries(directory)) {
        if (nodes.isDirectory(node)) waiting.push([node, joinRaw(path, name)])
        else if (nodes.links(node) > 1) this.add(node, joinRaw(path, name))
      }
    }
  }

  /** One more name; those before stay, also when they stand for something else by now. */
  add(node: number, path: RawPath): void {
    const known = this.#names.get(node)
    if (known === undefined) this.#names.set(node, [path])
    else if (!known.includes(path)) known.push(path)
  }

  of(node: number): readonly RawPath[] {
    return this.#names.get(node) ?? []
  }
}
