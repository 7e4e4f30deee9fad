import type { Bytes } from '../stream/bytes.ts'
import type { RawPath } from '../tar/raw-path.ts'
import type { Fragment } from '../tar/sparse.ts'
import type { FileType } from './record.ts'

/** Something that holds the contents of many files, each at an offset. */
export interface ContentSource {
  /** So many bytes from an offset on; with a map, the stored stretches of a file of that size, and zeros between. */
  read(place: ContentPlace, size: number): Bytes | Iterable<Uint8Array>
}

export interface ContentPlace {
  readonly offset: number
  /** The stretches that are stored one after the other, of a sparse file. */
  readonly map?: readonly Fragment[]
}

/** Gives the content of one file; called each time it is wanted. */
export type OpenContent = () => Bytes | Iterable<Uint8Array>

/** What few files have. */
export interface Rarity {
  /** None of them empty. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>
  /** Text of a symlink, raw. */
  readonly target?: string
  readonly rdev?: bigint
  /** Of a file whose content is not in a source. */
  readonly open?: OpenContent
  readonly map?: readonly Fragment[]
}

const types: readonly FileType[] = ['file', 'directory', 'symlink', 'character', 'block', 'fifo', 'socket']
const directoryCode = types.indexOf('directory')
const symlinkCode = types.indexOf('symlink')

const typeShift = 12
const modeMask = 0o7777
const noSource = 0

/**
 * What is known of the files of all trees of a build, packed for millions of them: about 50 bytes each, and the names. A
 * node is a file with its inode, as a directory holds it under a name; several names may stand for one node. Nodes
 * belong to the version that made them, and only that one changes them; all others that share them copy them before.
 */
export class NodeTable {
  #size = 0
  #kinds = new Uint16Array(1024)
  #versions = new Uint32Array(1024)
  #uids = new Uint32Array(1024)
  #gids = new Uint32Array(1024)
  #links = new Uint32Array(1024)
  #sources = new Uint32Array(1024)
  #offsets = new Float64Array(1024)
  #sizes = new Float64Array(1024)
  #times = new BigInt64Array(1024)
  readonly #rare = new Map<number, Rarity>()
  readonly #children = new Map<number, Map<RawPath, number>>()
  readonly #contents: (ContentSource | undefined)[] = [undefined]
  #lastVersion = 0
  #lastNs = 0n

  newVersion(): number {
    this.#lastVersion += 1
    return this.#lastVersion
  }

  /** The time of this moment in nanoseconds, later than all that were given before. */
  tick(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs + 1n
    return this.#lastNs
  }

  addSource(source: ContentSource): number {
    return this.#contents.push(source) - 1
  }

  /** A node with one name and nothing else. */
  add(type: FileType, version: number): number {
    const node = this.#size
    if (node >= this.#kinds.length) this.#grow()
    this.#size += 1
    this.#kinds[node] = types.indexOf(type) << typeShift
    this.#versions[node] = version
    this.#links[node] = 1
    if (type === 'directory') this.#children.set(node, new Map())
    return node
  }

  copy(node: number, version: number): number {
    const made = this.#size
    if (made >= this.#kinds.length) this.#grow()
    this.#size += 1
    for (const column of this.#columns()) column[made] = column[node] ?? 0
    this.#times[made] = this.#times[node] ?? 0n
    this.#versions[made] = version
    const rare = this.#rare.get(node)
    if (rare !== undefined) this.#rare.set(made, rare)
    const children = this.#children.get(node)
    if (children !== undefined) this.#children.set(made, new Map(children))
    return made
  }

  belongsTo(node: number, version: number): boolean {
    return this.#versions[node] === version
  }

  type(node: number): FileType {
    return types[(this.#kinds[node] ?? 0) >> typeShift] ?? 'file'
  }

  isDirectory(node: number): boolean {
    return (this.#kinds[node] ?? 0) >> typeShift === directoryCode
  }

  isSymlink(node: number): boolean {
    return (this.#kinds[node] ?? 0) >> typeShift === symlinkCode
  }

  mode(node: number): number {
    return (this.#kinds[node] ?? 0) & modeMask
  }

  uid(node: number): number {
    return this.#uids[node] ?? 0
  }

  gid(node: number): number {
    return this.#gids[node] ?? 0
  }

  size(node: number): number {
    return this.#sizes[node] ?? 0
  }

  mtimeNs(node: number): bigint {
    return this.#times[node] ?? 0n
  }

  /** How many names it has. */
  links(node: number): number {
    return this.#links[node] ?? 1
  }

  rare(node: number): Rarity {
    return this.#rare.get(node) ?? nothing
  }

  /** The names in a directory; empty for anything else. */
  children(node: number): Map<RawPath, number> {
    return this.#children.get(node) ?? noChildren
  }

  setMode(node: number, mode: number): void {
    this.#kinds[node] = ((this.#kinds[node] ?? 0) & ~modeMask) | mode
  }

  setOwner(node: number, uid: number, gid: number): void {
    this.#uids[node] = uid
    this.#gids[node] = gid
  }

  setTime(node: number, mtimeNs: bigint): void {
    this.#times[node] = mtimeNs
  }

  setLinks(node: number, links: number): void {
    this.#links[node] = links
  }

  setRare(node: number, rare: Rarity): void {
    const known = Object.values(rare).some((value) => value !== undefined)
    if (known) this.#rare.set(node, rare)
    else this.#rare.delete(node)
  }

  /** The content is opened file by file. */
  setOpen(node: number, size: number, open: OpenContent): void {
    this.#sizes[node] = size
    this.#sources[node] = noSource
    this.setRare(node, { ...this.rare(node), open })
  }

  /** The content lies in a source. */
  setPlace(node: number, size: number, place: ContentPlace & { readonly source: number }): void {
    this.#sizes[node] = size
    this.#sources[node] = place.source
    this.#offsets[node] = place.offset
    const { open, map, ...others } = this.rare(node)
    if (place.map !== undefined) this.setRare(node, { ...others, map: place.map })
    else if (open !== undefined || map !== undefined) this.setRare(node, others)
  }

  /** Where the content is, to give it to another node. */
  place(node: number): OpenContent | (ContentPlace & { readonly source: number }) {
    const { open, map } = this.rare(node)
    const at = { source: this.#sources[node] ?? noSource, offset: this.#offsets[node] ?? 0 }
    return open ?? (map === undefined ? at : { ...at, map })
  }

  content(node: number): Bytes | Iterable<Uint8Array> {
    const { open, map } = this.rare(node)
    if (open !== undefined) return open()
    const source = this.#contents[this.#sources[node] ?? noSource]
    if (source === undefined) return []
    return source.read({ offset: this.#offsets[node] ?? 0, ...(map === undefined ? {} : { map }) }, this.size(node))
  }

  #columns(): readonly (Uint16Array | Uint32Array | Float64Array)[] {
    return [this.#kinds, this.#uids, this.#gids, this.#links, this.#sources, this.#offsets, this.#sizes]
  }

  #grow(): void {
    const capacity = this.#kinds.length * 2
    this.#kinds = enlarged(this.#kinds, new Uint16Array(capacity))
    this.#versions = enlarged(this.#versions, new Uint32Array(capacity))
    this.#uids = enlarged(this.#uids, new Uint32Array(capacity))
    this.#gids = enlarged(this.#gids, new Uint32Array(capacity))
    this.#links = enlarged(this.#links, new Uint32Array(capacity))
    this.#sources = enlarged(this.#sources, new Uint32Array(capacity))
    this.#offsets = enlarged(this.#offsets, new Float64Array(capacity))
    this.#sizes = enlarged(this.#sizes, new Float64Array(capacity))
    const times = new BigInt64Array(capacity)
    times.set(this.#times)
    this.#times = times
  }
}

const nothing: Rarity = {}
const noChildren: Map<RawPath, number> = new Map()

function enlarged<Column extends Uint16Array | Uint32Array | Float64Array>(from: Column, to: Column): Column {
  to.set(from)
  return to
}
