import type { Bytes } from '../stream/bytes.ts'
import type { Fragment } from '../tar/sparse.ts'
import { type Column, column } from './column.ts'
import { DirectoryNames } from './directory-names.ts'
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
  readonly #kinds = column.of16Bits()
  readonly #versions = column.of32Bits()
  readonly #uids = column.of32Bits()
  readonly #gids = column.of32Bits()
  readonly #links = column.of32Bits()
  readonly #sources = column.of32Bits()
  readonly #offsets = column.ofDoubles()
  readonly #sizes = column.ofDoubles()
  readonly #times = column.ofBigInts()
  readonly #rare = new Map<number, Rarity>()
  /** The names in directories; nothing else has any. */
  readonly names = new DirectoryNames()
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
    this.#size += 1
    this.#kinds.set(node, types.indexOf(type) << typeShift)
    this.#versions.set(node, version)
    this.#links.set(node, 1)
    return node
  }

  copy(node: number, version: number): number {
    const made = this.#size
    this.#size += 1
    for (const column of this.#columns()) column.set(made, column.get(node))
    this.#times.set(made, this.#times.get(node))
    this.#versions.set(made, version)
    const rare = this.#rare.get(node)
    if (rare !== undefined) this.#rare.set(made, rare)
    if (this.isDirectory(node)) this.names.copy(node, made)
    return made
  }

  belongsTo(node: number, version: number): boolean {
    return this.#versions.get(node) === version
  }

  type(node: number): FileType {
    return types[this.#kinds.get(node) >> typeShift] ?? 'file'
  }

  isDirectory(node: number): boolean {
    return this.#kinds.get(node) >> typeShift === directoryCode
  }

  isSymlink(node: number): boolean {
    return this.#kinds.get(node) >> typeShift === symlinkCode
  }

  mode(node: number): number {
    return this.#kinds.get(node) & modeMask
  }

  uid(node: number): number {
    return this.#uids.get(node)
  }

  gid(node: number): number {
    return this.#gids.get(node)
  }

  size(node: number): number {
    return this.#sizes.get(node)
  }

  mtimeNs(node: number): bigint {
    return this.#times.get(node)
  }

  /** How many names it has. */
  links(node: number): number {
    return this.#links.get(node)
  }

  rare(node: number): Rarity {
    return this.#rare.get(node) ?? nothing
  }

  setMode(node: number, mode: number): void {
    this.#kinds.set(node, (this.#kinds.get(node) & ~modeMask) | mode)
  }

  setOwner(node: number, uid: number, gid: number): void {
    this.#uids.set(node, uid)
    this.#gids.set(node, gid)
  }

  setTime(node: number, mtimeNs: bigint): void {
    this.#times.set(node, mtimeNs)
  }

  setLinks(node: number, links: number): void {
    this.#links.set(node, links)
  }

  setRare(node: number, rare: Rarity): void {
    const known = Object.values(rare).some((value) => value !== undefined)
    if (known) this.#rare.set(node, rare)
    else this.#rare.delete(node)
  }

  /** The content is opened file by file. */
  setOpen(node: number, size: number, open: OpenContent): void {
    this.#sizes.set(node, size)
    this.#sources.set(node, noSource)
    this.setRare(node, { ...this.rare(node), open })
  }

  /** The content lies in a source. */
  setPlace(node: number, size: number, place: ContentPlace & { readonly source: number }): void {
    this.#sizes.set(node, size)
    this.#sources.set(node, place.source)
    this.#offsets.set(node, place.offset)
    const { open, map, ...others } = this.rare(node)
    if (place.map !== undefined) this.setRare(node, { ...others, map: place.map })
    else if (open !== undefined || map !== undefined) this.setRare(node, others)
  }

  /** Where the content is, to give it to another node. */
  place(node: number): OpenContent | (ContentPlace & { readonly source: number }) {
    const { open, map } = this.rare(node)
    const at = { source: this.#sources.get(node), offset: this.#offsets.get(node) }
    return open ?? (map === undefined ? at : { ...at, map })
  }

  content(node: number): Bytes | Iterable<Uint8Array> {
    const { open, map } = this.rare(node)
    if (open !== undefined) return open()
    const source = this.#contents[this.#sources.get(node)]
    if (source === undefined) return []
    return source.read({ offset: this.#offsets.get(node), ...(map === undefined ? {} : { map }) }, this.size(node))
  }

  #columns(): readonly Column<number>[] {
    return [this.#kinds, this.#uids, this.#gids, this.#links, this.#sources, this.#offsets, this.#sizes]
  }
}

const nothing: Rarity = {}
