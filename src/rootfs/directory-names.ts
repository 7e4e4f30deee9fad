import type { RawPath } from '../tar/raw-path.ts'
import { column } from './column.ts'

/** No entry, or an entry that stands for nothing any more. */
const none = 0xffff_ffff

/** More than any name has. */
const pageBytes = 1 << 18

/**
 * Which names the directories of a node table hold, and which nodes these stand for: one hash table for all of them,
 * outside of the heap, about 30 bytes for each name besides its own. A name that was deleted keeps its place.
 */
export class DirectoryNames {
  readonly #pages: Buffer[] = []
  #bytesUsed = 0
  #count = 0
  /** By entry: where its name begins, how long it is, its directory, what it stands for, the next in its directory. */
  readonly #starts = column.of32Bits()
  readonly #lengths = column.of16Bits()
  readonly #directories = column.of32Bits()
  readonly #nodes = column.of32Bits()
  readonly #nexts = column.of32Bits()
  /** By hash: an entry plus one; twice as many places as entries. */
  #places = new Uint32Array(2048)
  /** By directory: its last entry. */
  readonly #lasts = new Map<number, number>()

  get(directory: number, name: RawPath): number | undefined {
    const entry = this.#find(directory, name)
    const node = entry === none ? none : this.#nodes.get(entry)
    return node === none ? undefined : node
  }

  set(directory: number, name: RawPath, node: number): void {
    const known = this.#find(directory, name)
    if (known === none) this.#add(directory, this.#store(name), node)
    else this.#nodes.set(known, node)
  }

  delete(directory: number, name: RawPath): void {
    const entry = this.#find(directory, name)
    if (entry !== none) this.#nodes.set(entry, none)
  }

  /** Gives a directory without names those of another. */
  copy(from: number, to: number): void {
    for (let entry = this.#lasts.get(from) ?? none; entry !== none; entry = this.#nexts.get(entry)) {
      const node = this.#nodes.get(entry)
      const name = { start: this.#starts.get(entry), length: this.#lengths.get(entry) }
      if (node !== none) this.#add(to, name, node)
    }
  }

  /** In no order; later changes are not seen. */
  entries(directory: number): (readonly [name: RawPath, node: number])[] {
    const found: (readonly [RawPath, number])[] = []
    for (let entry = this.#lasts.get(directory) ?? none; entry !== none; entry = this.#nexts.get(entry)) {
      const [start, node] = [this.#starts.get(entry), this.#nodes.get(entry)]
      const name = this.#nameAt(start, this.#lengths.get(entry))
      if (node !== none) found.push([name as RawPath, node])
    }
    return found
  }

  #find(directory: number, name: RawPath): number {
    const mask = this.#places.length - 1
    for (let place = hashOf(directory, name) & mask; ; place = (place + 1) & mask) {
      const entry = (this.#places[place] ?? 0) - 1
      if (entry < 0) return none
      if (this.#directories.get(entry) === directory && this.#isNamed(entry, name)) return entry
    }
  }

  #isNamed(entry: number, name: RawPath): boolean {
    if (this.#lengths.get(entry) !== name.length) return false
    const start = this.#starts.get(entry)
    const page = this.#pages[Math.floor(start / pageBytes)]
    const at = start % pageBytes
    for (let i = 0; i < name.length; i += 1) if (page?.[at + i] !== name.charCodeAt(i)) return false
    return true
  }

  #nameAt(start: number, length: number): RawPath {
    const at = start % pageBytes
    return (this.#pages[Math.floor(start / pageBytes)]?.toString('latin1', at, at + length) ?? '') as RawPath
  }

  /** A name lies in one page. */
  #store(name: RawPath): { readonly start: number; readonly length: number } {
    const left = pageBytes - (this.#bytesUsed % pageBytes)
    if (name.length > left) this.#bytesUsed += left
    const start = this.#bytesUsed
    const index = Math.floor(start / pageBytes)
    this.#pages[index] ??= Buffer.allocUnsafeSlow(pageBytes)
    this.#pages[index]?.write(name, start % pageBytes, 'latin1')
    this.#bytesUsed += name.length
    return { start, length: name.length }
  }

  #add(directory: number, name: { readonly start: number; readonly length: number }, node: number): void {
    if (this.#count * 2 === this.#places.length) this.#grow()
    const entry = this.#count
    this.#count += 1
    this.#starts.set(entry, name.start)
    this.#lengths.set(entry, name.length)
    this.#directories.set(entry, directory)
    this.#nodes.set(entry, node)
    this.#nexts.set(entry, this.#lasts.get(directory) ?? none)
    this.#lasts.set(directory, entry)
    this.#place(entry)
  }

  #place(entry: number): void {
    const start = this.#starts.get(entry)
    const name = this.#nameAt(start, this.#lengths.get(entry))
    const mask = this.#places.length - 1
    let place = hashOf(this.#directories.get(entry), name) & mask
    while (this.#places[place] !== 0) place = (place + 1) & mask
    this.#places[place] = entry + 1
  }

  #grow(): void {
    this.#places = new Uint32Array(2 * this.#places.length)
    for (let entry = 0; entry < this.#count; entry += 1) this.#place(entry)
  }
}

function hashOf(directory: number, name: string): number {
  let hash = Math.imul(directory + 1, 0x9e3779b1)
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
