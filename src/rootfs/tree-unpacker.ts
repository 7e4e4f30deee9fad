import type { Bytes } from '../stream/bytes.ts'
import type { TarEntry } from '../tar/entry.ts'
import { baseName, joinRaw, parentOf, type RawPath } from '../tar/raw-path.ts'
import { readTar } from '../tar/read.ts'
import type { StoredContent } from '../tar/sink.ts'
import { badLink, type EntryOf, notADirectory, overlayWhiteout } from './bad-entry.ts'
import { deviceNumber } from './copy-node.ts'
import type { FileTree, NewNode } from './file-tree.ts'
import type { KeptContents } from './kept-contents.ts'
import { LayerNames } from './layer-names.ts'
import { isContent } from './metadata.ts'
import { resolvePath } from './resolve.ts'

export interface TreeUnpackerOptions {
  readonly tree: FileTree
  /** The directory that is "/" for the archive; without symlinks. */
  readonly base: RawPath
  /** The tree's number for where the archive's contents are. */
  readonly source: number
  /** Whether it is asked later which names the archive has made. */
  readonly keepsNames?: boolean
}

/**
 * Makes the files of an archive in a tree, by the rules of `Unpacker`. A directory that the archive describes keeps the
 * time it is given, whatever is put into it later.
 */
export class TreeUnpacker {
  /** What the archive has made so far; paths as the archive has them. */
  readonly names: LayerNames | undefined
  readonly #tree: FileTree
  readonly #base: RawPath
  readonly #source: number
  /** Directories that the archive describes, as paths in the tree, with their times. */
  readonly #times = new Map<RawPath, bigint>()
  #last: { readonly path: RawPath; readonly resolved: RawPath } | undefined

  constructor({ tree, base, source, keepsNames = false }: TreeUnpackerOptions) {
    this.names = keepsNames ? new LayerNames() : undefined
    this.#tree = tree
    this.#base = base
    this.#source = source
  }

  /** Makes a file; gives its path in the tree. */
  make(entry: TarEntry, stored: StoredContent): RawPath {
    if (entry.path === '') {
      if (entry.type === 'directory') this.#describeDirectory(entry.path, entry)
      return this.#base
    }
    const parent = this.makeDirectory(parentOf(entry.path))
    const path = joinRaw(parent, baseName(entry.path))
    this.#makeAt(path, entry, stored)
    this.names?.add(parent, baseName(path))
    return this.#inTree(path)
  }

  /** The directory a path names, symlinks followed; undefined when it or one on the way does not exist. */
  findDirectory(path: RawPath): RawPath | undefined {
    if (this.#last?.path === path) return this.#last.resolved
    const resolved = this.#resolve(path)
    let at = '' as RawPath
    for (const name of partsOf(resolved)) {
      at = joinRaw(at, name)
      const type = this.#tree.type(this.#inTree(at))
      if (type === undefined) return undefined
      if (type !== 'directory') throw notADirectory(at)
    }
    this.#last = { path, resolved }
    return resolved
  }

  /** The same, making what does not exist: mode 0755, owner 0:0. */
  makeDirectory(path: RawPath): RawPath {
    if (this.#last?.path === path) return this.#last.resolved
    const resolved = this.#resolve(path)
    let at = '' as RawPath
    for (const name of partsOf(resolved)) {
      const parent = at
      at = joinRaw(at, name)
      const type = this.#tree.type(this.#inTree(at))
      if (type === undefined) {
        this.#tree.put(this.#inTree(at), { type: 'directory' })
        this.#tree.setOwnerAndMode(this.#inTree(at), { uid: 0, gid: 0, mode: 0o755 })
        this.names?.add(parent, name)
      } else if (type !== 'directory') throw notADirectory(at)
    }
    this.#last = { path, resolved }
    return resolved
  }

  /** Removes all in a directory that lower layers have put there; what this layer made stays, however deep it lies. */
  removeLower(directory: RawPath): void {
    const waiting = [directory]
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (this.#tree.type(this.#inTree(path)) !== 'directory') continue
      for (const name of this.#tree.names(this.#inTree(path))) {
        if (this.names?.has(path, name) !== true) this.remove(joinRaw(path, name))
        else waiting.push(joinRaw(path, name))
      }
    }
  }

  exists(path: RawPath): boolean {
    return this.#tree.type(this.#inTree(path)) !== undefined
  }

  remove(path: RawPath): void {
    this.#last = undefined
    const place = this.#inTree(path)
    this.#times.delete(place)
    if (this.names?.hasWithin(parentOf(path), baseName(path)) !== false) {
      for (const known of this.#times.keys()) if (known.startsWith(`${place}/`)) this.#times.delete(known)
    }
    this.#tree.remove(place)
  }

  /** Gives the directories their times, which filling them has changed. */
  finish(): void {
    for (const [path, mtimeNs] of this.#times) this.#tree.setTime(path, mtimeNs)
  }

  #makeAt(path: RawPath, entry: TarEntry, stored: StoredContent): void {
    switch (entry.type) {
      case 'directory':
        this.#makeDirectoryAt(path, entry)
        return
      case 'hardlink':
        this.#makeLink(path, entry)
        return
      case 'character':
      case 'block':
        if (entry.major === 0 && entry.minor === 0 && entry.type === 'character') throw overlayWhiteout(entry.path)
    }
    if (this.exists(path)) this.remove(path)
    const place = this.#inTree(path)
    this.#tree.put(place, nodeOf(entry, { ...stored, source: this.#source }))
    this.#tree.describe(place, { ...entry, xattrs: contentOnly(entry.xattrs) })
  }

  #makeDirectoryAt(path: RawPath, entry: TarEntry): void {
    const type = this.#tree.type(this.#inTree(path))
    if (type !== undefined && type !== 'directory') this.remove(path)
    if (type !== 'directory') this.#tree.put(this.#inTree(path), { type: 'directory' })
    this.#describeDirectory(path, entry)
  }

  /** One that was there before may have more attributes than the entry. */
  #describeDirectory(path: RawPath, entry: TarEntry): void {
    const place = this.#inTree(path)
    this.#tree.describe(place, { ...entry, xattrs: none })
    this.#tree.setXattrs(place, contentOnly(entry.xattrs))
    this.#times.set(place, entry.mtimeNs)
  }

  #makeLink(path: RawPath, entry: EntryOf<'hardlink'>): void {
    const directory = this.findDirectory(parentOf(entry.target))
    const file = directory === undefined ? undefined : joinRaw(directory, baseName(entry.target))
    const type = file === undefined ? undefined : this.#tree.type(this.#inTree(file))
    if (file === undefined || type === undefined) throw badLink(entry, 'there is no such file')
    if (type === 'directory') throw badLink(entry, 'that is a directory')
    // Making room for the link would remove what it is to be linked to.
    if (file === path || file.startsWith(`${path}/`)) throw badLink(entry, 'that is the link itself, or below it')
    if (this.exists(path)) this.remove(path)
    this.#tree.link(this.#inTree(file), this.#inTree(path))
    this.#applyToLink(this.#inTree(path), entry)
  }

  /** A change of owner takes file capabilities away, as the kernel does it. */
  #applyToLink(place: RawPath, entry: EntryOf<'hardlink'>): void {
    const before = this.#tree.record(place)
    if (before === undefined) return
    const isSymlink = before.type === 'symlink'
    const ownerDiffers = before.uid !== entry.uid || before.gid !== entry.gid
    if (ownerDiffers && !isSymlink && this.#tree.xattrs(place).has(capability)) {
      this.#tree.setXattrs(place, new Map([...this.#tree.xattrs(place)].filter(([name]) => name !== capability)))
    }
    this.#tree.describe(place, { ...entry, xattrs: isSymlink ? none : contentOnly(entry.xattrs) })
  }

  #resolve(path: RawPath): RawPath {
    return resolvePath(path, (link) => this.#tree.target(this.#inTree(link)), { followLast: true })
  }

  #inTree(path: RawPath): RawPath {
    return joinRaw(this.#base, path)
  }
}

const capability = 'security.capability'
const none: ReadonlyMap<string, Uint8Array> = new Map()

export interface TreeUnpacking {
  /** What each entry of the tar means. */
  readonly entry: (entry: TarEntry, stored: StoredContent) => void
  /** Takes the contents. */
  readonly kept: KeptContents
  readonly signal?: AbortSignal
}

/** Reads a tar to its end; of its files only where in it their contents are is taken. */
export async function unpackToTree(tar: Bytes, unpacker: TreeUnpacker, unpacking: TreeUnpacking): Promise<void> {
  const { entry, kept, signal } = unpacking
  const sink = {
    entry,
    data: (chunk: Uint8Array, start: number, end: number) => kept.data(chunk, start, end),
    hole: passOver,
    fileEnd: () => kept.end(),
  }
  await readTar(tar, sink, signal === undefined ? {} : { signal })
  unpacker.finish()
}

function passOver(): void {}

function nodeOf(
  entry: Exclude<TarEntry, EntryOf<'directory' | 'hardlink'>>,
  place: StoredContent & { readonly source: number },
): NewNode {
  const { type } = entry
  switch (type) {
    case 'file': {
      const { source, offset, map } = place
      return { type, size: entry.size, content: map === undefined ? { source, offset } : { source, offset, map } }
    }
    case 'symlink':
      return { type, target: Buffer.from(entry.target).toString('latin1') }
    case 'character':
    case 'block':
      return { type, rdev: deviceNumber(entry) }
    default:
      return { type: 'fifo' }
  }
}

function contentOnly(xattrs: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  if (xattrs.size === 0) return none
  return new Map([...xattrs].filter(([name]) => isContent(name)))
}

function partsOf(path: RawPath): readonly RawPath[] {
  return path === '' ? [] : (path.split('/') as RawPath[])
}
