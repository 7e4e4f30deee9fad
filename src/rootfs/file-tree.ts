import { baseName, joinRaw, parentOf, type RawPath } from '../tar/raw-path.ts'
import { LinkedNames } from './linked-names.ts'
import { type ContentPlace, type ContentSource, NodeTable, type OpenContent } from './node-table.ts'
import type { FileRecord, FileType } from './record.ts'

/** Owner, mode, time and attributes of a file in a tree. */
export interface Described {
  readonly uid: number
  readonly gid: number
  /** Permission bits, 07777. */
  readonly mode: number
  readonly mtimeNs: bigint
  readonly xattrs: ReadonlyMap<string, Uint8Array>
}

/** What a new name in a tree stands for; owner, mode and time are told afterwards. */
export type NewNode =
  | { readonly type: 'file'; readonly size: number; readonly content: OpenContent | PlacedContent }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'character' | 'block'; readonly rdev: bigint }
  | { readonly type: 'fifo' | 'directory' }

/** A content in a source that the tree knows by the number from `addSource`. */
export type PlacedContent = ContentPlace & { readonly source: number }

/**
 * The files of a root filesystem, known and changed without being anywhere: names, types, owners, modes, times and
 * attributes in memory, contents where they came from. Paths are taken as they are: symlinks on the way are not followed.
 * Changing what is in a directory sets its time, as the kernel would. A fork costs next to nothing, and what happens to
 * one of the two trees is not seen in the other.
 */
export class FileTree {
  readonly nodes: NodeTable
  #root: number
  #version: number
  #nowNs: bigint
  #names: LinkedNames | undefined
  /** The directory that was looked for last; `isOwn` when it may be changed. */
  #last: { readonly path: RawPath; readonly node: number; readonly isOwn: boolean } | undefined

  private constructor(nodes: NodeTable, at: { root: number; version: number; nowNs: bigint }) {
    this.nodes = nodes
    this.#root = at.root
    this.#version = at.version
    this.#nowNs = at.nowNs
  }

  /** A tree with an empty root of mode 0755, owner 0:0. All trees that come of it by forks share what they have in common. */
  static empty(nodes = new NodeTable()): FileTree {
    const version = nodes.newVersion()
    const root = nodes.add('directory', version)
    nodes.setMode(root, 0o755)
    const nowNs = nodes.tick()
    nodes.setTime(root, nowNs)
    return new FileTree(nodes, { root, version, nowNs })
  }

  fork(): FileTree {
    this.#version = this.nodes.newVersion()
    this.#last = undefined
    return new FileTree(this.nodes, { root: this.#root, version: this.nodes.newVersion(), nowNs: this.#nowNs })
  }

  /** Changes from now on have the time of this moment, and a later one than those of all trees before. */
  wind(): void {
    this.#nowNs = this.nodes.tick()
  }

  get root(): number {
    return this.#root
  }

  addSource(source: ContentSource): number {
    return this.nodes.addSource(source)
  }

  find(path: RawPath): number | undefined {
    if (path === '') return this.#root
    const directory = this.#directory(parentOf(path))
    return directory === undefined ? undefined : this.nodes.names.get(directory, baseName(path))
  }

  type(path: RawPath): FileType | undefined {
    const node = this.find(path)
    return node === undefined ? undefined : this.nodes.type(node)
  }

  record(path: RawPath): FileRecord | undefined {
    const node = this.find(path)
    return node === undefined ? undefined : recordOfNode(this.nodes, node, path)
  }

  /** The names in a directory, in byte order. */
  names(path: RawPath): readonly RawPath[] {
    const node = this.find(path)
    if (node === undefined) return []
    return this.nodes.names
      .entries(node)
      .map(([name]) => name)
      .sort()
  }

  /** The text of a symlink; undefined for anything else and for nothing. */
  target(path: RawPath): string | undefined {
    const node = this.find(path)
    return node !== undefined && this.nodes.isSymlink(node) ? this.nodes.rare(node).target : undefined
  }

  /** By name in byte order. */
  xattrs(path: RawPath): ReadonlyMap<string, Uint8Array> {
    const node = this.find(path)
    return (node === undefined ? undefined : this.nodes.rare(node).xattrs) ?? noXattrs
  }

  /** Where the content of a file is that a record of this tree, or of one that shares its nodes, tells of. */
  content({ ino }: Pick<FileRecord, 'ino'>): OpenContent | PlacedContent {
    return this.nodes.place(Number(ino))
  }

  /** Adds a name where none is, in a directory that is there: owner 0:0, mode 0. */
  put(path: RawPath, made: NewNode): void {
    const node = this.nodes.add(made.type, this.#version)
    this.nodes.setTime(node, this.#nowNs)
    if (made.type === 'symlink') {
      this.nodes.setMode(node, 0o777)
      this.nodes.setRare(node, { target: made.target })
    } else if (made.type === 'file') {
      if (typeof made.content === 'function') this.nodes.setOpen(node, made.size, made.content)
      else this.nodes.setPlace(node, made.size, made.content)
    } else if ('rdev' in made) this.nodes.setRare(node, { rdev: made.rdev })
    this.#name(path, node)
  }

  /** Adds one more name for a file that is there. */
  link(existing: RawPath, path: RawPath): void {
    const node = this.#ownNode(existing)
    this.nodes.setLinks(node, this.nodes.links(node) + 1)
    this.#name(path, node)
    this.#names?.add(node, path)
  }

  /** Takes a name away, with all that is below it. */
  remove(path: RawPath): void {
    const node = this.find(path)
    if (node === undefined || path === '') return
    this.#forget(node, path)
    const directory = this.#ownDirectory(parentOf(path))
    this.nodes.names.delete(directory, baseName(path))
    this.nodes.setTime(directory, this.#nowNs)
    this.#last = undefined
  }

  /** Gives a file or directory that is there what it has besides its content; attributes it has and is not given stay. */
  describe(path: RawPath, wanted: Described): void {
    const node = this.#ownNode(path)
    this.nodes.setOwner(node, wanted.uid, wanted.gid)
    if (!this.nodes.isSymlink(node)) this.nodes.setMode(node, wanted.mode)
    this.nodes.setTime(node, wanted.mtimeNs)
    if (wanted.xattrs.size > 0) this.setXattrs(path, new Map([...this.xattrs(path), ...wanted.xattrs]))
  }

  setOwnerAndMode(path: RawPath, { uid, gid, mode }: Pick<Described, 'uid' | 'gid' | 'mode'>): void {
    const node = this.#ownNode(path)
    this.nodes.setOwner(node, uid, gid)
    this.nodes.setMode(node, mode)
  }

  setXattrs(path: RawPath, xattrs: ReadonlyMap<string, Uint8Array>): void {
    const node = this.#ownNode(path)
    const { xattrs: _, ...others } = this.nodes.rare(node)
    const sorted = new Map([...xattrs].sort(([a], [b]) => (a < b ? -1 : 1)))
    this.nodes.setRare(node, xattrs.size === 0 ? others : { ...others, xattrs: sorted })
  }

  setTime(path: RawPath, mtimeNs: bigint): void {
    this.nodes.setTime(this.#ownNode(path), mtimeNs)
  }

  #name(path: RawPath, node: number): void {
    const directory = this.#ownDirectory(parentOf(path))
    this.nodes.names.set(directory, baseName(path), node)
    this.nodes.setTime(directory, this.#nowNs)
  }

  /** The node of a directory; undefined where there is none. */
  #directory(path: RawPath): number | undefined {
    if (this.#last?.path === path) return this.#last.node
    let node: number | undefined = this.#root
    if (path !== '') {
      for (const name of path.split('/')) {
        node = this.nodes.isDirectory(node) ? this.nodes.names.get(node, name as RawPath) : undefined
        if (node === undefined) return undefined
      }
    }
    if (!this.nodes.isDirectory(node)) return undefined
    this.#last = { path, node, isOwn: false }
    return node
  }

  /** The node of a directory that is there, made this tree's own together with those above it. */
  #ownDirectory(path: RawPath): number {
    if (this.#last?.path === path && this.#last.isOwn) return this.#last.node
    if (!this.#isOwn(this.#root)) this.#root = this.nodes.copy(this.#root, this.#version)
    let node = this.#root
    for (const name of path === '' ? [] : path.split('/')) {
      const child = this.nodes.names.get(node, name as RawPath)
      if (child === undefined || !this.nodes.isDirectory(child)) throw new TypeError(`no directory ${path}`)
      const own = this.#isOwn(child) ? child : this.nodes.copy(child, this.#version)
      if (own !== child) this.nodes.names.set(node, name as RawPath, own)
      node = own
    }
    this.#last = { path, node, isOwn: true }
    return node
  }

  /** The node of a path that is there, made this tree's own under all its names. */
  #ownNode(path: RawPath): number {
    const node = this.find(path)
    if (node === undefined) throw new TypeError(`no file ${path}`)
    if (this.nodes.isDirectory(node)) return this.#ownDirectory(path)
    if (this.#isOwn(node)) return node
    const own = this.nodes.copy(node, this.#version)
    for (const name of this.#namesOf(node, path)) this.#exchange(name, own)
    return own
  }

  #exchange(path: RawPath, node: number): void {
    this.nodes.names.set(this.#ownDirectory(parentOf(path)), baseName(path), node)
    if (this.nodes.links(node) > 1) this.#names?.add(node, path)
  }

  #namesOf(node: number, path: RawPath): readonly RawPath[] {
    if (this.nodes.links(node) === 1) return [path]
    this.#names ??= new LinkedNames(this.nodes, this.#root)
    return this.#names.of(node).filter((name) => this.find(name) === node)
  }

  /** Other names of what goes are those of a file with fewer names. */
  #forget(node: number, path: RawPath): void {
    if (this.nodes.isDirectory(node)) {
      for (const [name, child] of this.nodes.names.entries(node)) this.#forget(child, joinRaw(path, name))
      return
    }
    if (this.nodes.links(node) === 1) return
    const own = this.#ownNode(path)
    this.nodes.setLinks(own, this.nodes.links(own) - 1)
  }

  #isOwn(node: number): boolean {
    return this.nodes.belongsTo(node, this.#version)
  }
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()

/** A node as lstat would tell of it. Its number takes the place of the inode's. */
export function recordOfNode(nodes: NodeTable, node: number, path: RawPath): FileRecord {
  const mtimeNs = nodes.mtimeNs(node)
  return {
    path,
    type: nodes.type(node),
    mode: nodes.mode(node),
    uid: nodes.uid(node),
    gid: nodes.gid(node),
    size: nodes.size(node),
    mtimeNs,
    ctimeNs: mtimeNs,
    ino: BigInt(node),
    dev: 0n,
    nlink: nodes.links(node),
    rdev: nodes.rare(node).rdev ?? 0n,
  }
}
