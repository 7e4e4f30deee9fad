import { setImmediate as nextTurn } from 'node:timers/promises'
import { joinRaw, type RawPath } from '../tar/raw-path.ts'
import type { Described, FileTree, NewNode } from './file-tree.ts'
import { BadTable, TableReader } from './table-bytes.ts'
import { kindMask, readDescribed, readMap, recordFlag, recordKind } from './table-record.ts'

export interface ReadTableOptions {
  /** The tree's numbers for the sources that the table tells of. */
  readonly sources: readonly number[]
}

/**
 * Puts the files of a table into an empty tree, frame by frame. Throws BadTable for what is none; the tree must not be
 * used then, nor before the last frame.
 */
export async function readTreeTable(
  tree: FileTree,
  frames: AsyncIterable<Buffer>,
  options: ReadTableOptions,
): Promise<void> {
  const filling = new Filling(tree, options)
  for await (const frame of frames) {
    filling.take(frame)
    await nextTurn()
  }
  filling.end()
}

interface OpenDirectory {
  readonly path: RawPath
  readonly described: Described
}

class Filling {
  readonly #tree: FileTree
  readonly #sources: readonly number[]
  /** From the root to where the next record belongs. */
  readonly #inside: OpenDirectory[] = []
  readonly #linked: RawPath[] = []
  #hasRoot = false

  constructor(tree: FileTree, { sources }: ReadTableOptions) {
    this.#tree = tree
    this.#sources = sources
  }

  take(frame: Buffer): void {
    const from = new TableReader(frame)
    while (!from.isAtEnd) this.#record(from)
  }

  end(): void {
    if (!this.#hasRoot || this.#inside.length > 0) throw new BadTable('it is cut off')
  }

  #record(from: TableReader): void {
    const head = from.number()
    const kind = head & kindMask
    if (kind === recordKind.up) this.#leave()
    else if (kind === recordKind.link) this.#link(from)
    else this.#make(from, kind, head)
  }

  #link(from: TableReader): void {
    const path = this.#pathOf(from.text())
    const existing = this.#linked[from.number()]
    if (existing === undefined) throw new BadTable('a link leads nowhere')
    this.#tree.link(existing, path)
  }

  #make(from: TableReader, kind: number, head: number): void {
    const path = this.#pathOf(from.text())
    const described = readDescribed(from, (head & recordFlag.xattrs) !== 0)
    if (kind === recordKind.directory) {
      this.#enter(path, described)
      return
    }
    if (path === '') throw new BadTable('its root is no directory')
    this.#tree.put(path, this.#nodeOf(from, kind, head))
    this.#tree.describe(path, described)
    if ((head & recordFlag.linked) !== 0) this.#linked.push(path)
  }

  /** The first record is the root's, which has no name; all others have one that is not there yet. */
  #pathOf(name: string): RawPath {
    const directory = this.#inside.at(-1)
    if (directory === undefined) {
      if (this.#hasRoot || name !== '') throw new BadTable('it does not begin with a root')
      return name as RawPath
    }
    if (name === '' || name === '.' || name === '..' || name.includes('/')) throw new BadTable('a name is not valid')
    const path = joinRaw(directory.path, name as RawPath)
    if (this.#tree.find(path) !== undefined) throw new BadTable('a name is there twice')
    return path
  }

  #enter(path: RawPath, described: Described): void {
    if (path !== '') this.#tree.put(path, { type: 'directory' })
    this.#hasRoot = true
    this.#inside.push({ path, described })
  }

  /** Its time is that of the layers, and not of what was put into it just now. */
  #leave(): void {
    const directory = this.#inside.pop()
    if (directory === undefined) throw new BadTable('it goes on above its root')
    this.#tree.describe(directory.path, directory.described)
  }

  #nodeOf(from: TableReader, kind: number, head: number): NewNode {
    switch (kind) {
      case recordKind.file:
        return this.#placed(from, head)
      case recordKind.keptFile: {
        const content = Uint8Array.from(from.bytes())
        return { type: 'file', size: content.byteLength, content: () => [content] }
      }
      case recordKind.symlink:
        return { type: 'symlink', target: from.text() }
      case recordKind.character:
      case recordKind.block:
        return { type: kind === recordKind.block ? 'block' : 'character', rdev: BigInt(from.number()) }
      case recordKind.fifo:
        return { type: 'fifo' }
      default:
        throw new BadTable('it has records of an unknown kind')
    }
  }

  #placed(from: TableReader, head: number): NewNode {
    const size = from.number()
    if (size === 0) return { type: 'file', size, content: { source: 0, offset: 0 } }
    const source = this.#sources[from.number()]
    if (source === undefined) throw new BadTable('a content lies in no layer')
    const at = { source, offset: from.number() }
    const content = (head & recordFlag.sparse) === 0 ? at : { ...at, map: readMap(from) }
    return { type: 'file', size, content }
  }
}
