import type { RawPath } from '../tar/raw-path.ts'
import type { Described, FileTree } from './file-tree.ts'
import type { NodeTable, OpenContent } from './node-table.ts'
import { TableWriter } from './table-bytes.ts'
import { recordFlag, recordKind, writeDescribed, writeMap } from './table-record.ts'

/** Bytes that are gathered before they are handed on. */
const frameSize = 1 << 16

export interface WriteTableOptions {
  /** What readers call the source of a content, by the tree's number for it; undefined when they cannot have it. */
  readonly sourceOf: (source: number) => number | undefined
}

/**
 * The files of a tree as records, in frames that hold whole ones: directories before what is in them, names in byte order,
 * so that equal trees have equal tables. The tree must not change meanwhile. Throws a TypeError when it holds contents
 * that no reader could have.
 */
export function* writeTreeTable(tree: FileTree, options: WriteTableOptions): Generator<Buffer> {
  const records = new Records(tree.nodes, options)
  records.add('' as RawPath, tree.root)
  const waiting = [records.inside(tree.root)]
  for (let names = waiting.at(-1); names !== undefined; names = waiting.at(-1)) {
    const next = names.pop()
    if (next === undefined) {
      records.up()
      waiting.pop()
      continue
    }
    const [name, node] = next
    records.add(name, node)
    if (tree.nodes.isDirectory(node)) waiting.push(records.inside(node))
    if (records.size >= frameSize) yield records.take()
  }
  yield records.take()
}

type Named = readonly [name: RawPath, node: number]

class Records {
  readonly #nodes: NodeTable
  readonly #sourceOf: WriteTableOptions['sourceOf']
  readonly #to = new TableWriter()
  /** Files with several names that have been written, in that order. */
  readonly #linked = new Map<number, number>()

  constructor(nodes: NodeTable, { sourceOf }: WriteTableOptions) {
    this.#nodes = nodes
    this.#sourceOf = sourceOf
  }

  get size(): number {
    return this.#to.size
  }

  take(): Buffer {
    return this.#to.take()
  }

  /** The last name first. */
  inside(directory: number): Named[] {
    return this.#nodes.names.entries(directory).sort(([a], [b]) => (a < b ? 1 : -1))
  }

  up(): void {
    this.#to.number(recordKind.up)
  }

  add(name: RawPath, node: number): void {
    const known = this.#linked.get(node)
    if (known !== undefined) {
      this.#to.number(recordKind.link)
      this.#to.text(name)
      this.#to.number(known)
      return
    }
    const isLinked = !this.#nodes.isDirectory(node) && this.#nodes.links(node) > 1
    if (isLinked) this.#linked.set(node, this.#linked.size)
    this.#addNew(name, node, isLinked ? recordFlag.linked : 0)
  }

  #addNew(name: RawPath, node: number, linked: number): void {
    const described = describedOf(this.#nodes, node)
    const { map, open } = this.#nodes.rare(node)
    const sparse = map === undefined ? 0 : recordFlag.sparse
    const kind = kindOf(this.#nodes, node, open)
    this.#to.number(kind | linked | sparse | (described.xattrs.size === 0 ? 0 : recordFlag.xattrs))
    this.#to.text(name)
    writeDescribed(this.#to, described)
    if (kind === recordKind.keptFile) this.#addContent(node, open)
    else if (kind === recordKind.file) this.#addPlace(node)
    else this.#addRarity(node)
  }

  #addContent(node: number, open: OpenContent | undefined): void {
    const content = open?.() ?? []
    if (!(Symbol.iterator in content)) throw new TypeError('a content that is not at hand has no place in a table')
    const bytes = Buffer.concat([...content])
    if (bytes.byteLength !== this.#nodes.size(node)) throw new TypeError('a content has another size than its file')
    this.#to.bytes(bytes)
  }

  #addPlace(node: number): void {
    const size = this.#nodes.size(node)
    this.#to.number(size)
    if (size === 0) return
    const place = this.#nodes.place(node)
    const source = typeof place === 'function' ? undefined : this.#sourceOf(place.source)
    if (typeof place === 'function' || source === undefined) throw new TypeError('a content lies in no layer')
    this.#to.number(source)
    this.#to.number(place.offset)
    if (place.map !== undefined) writeMap(this.#to, place.map)
  }

  #addRarity(node: number): void {
    const { target, rdev } = this.#nodes.rare(node)
    if (target !== undefined) this.#to.text(target)
    if (rdev !== undefined) this.#to.number(Number(rdev))
  }
}

function kindOf(nodes: NodeTable, node: number, open: OpenContent | undefined): number {
  const type = nodes.type(node)
  if (type === 'file') return open === undefined ? recordKind.file : recordKind.keptFile
  if (type === 'socket') throw new TypeError('no layer holds sockets')
  return recordKind[type]
}

function describedOf(nodes: NodeTable, node: number): Described {
  return {
    uid: nodes.uid(node),
    gid: nodes.gid(node),
    mode: nodes.mode(node),
    mtimeNs: nodes.mtimeNs(node),
    xattrs: nodes.rare(node).xattrs ?? new Map(),
  }
}
