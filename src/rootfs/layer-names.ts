import { baseName, joinRaw, parentOf, type RawPath } from '../tar/raw-path.ts'

/**
 * Remembers what a layer has put into the root, since its whiteouts are about lower layers only, wherever they stand in
 * it. A layer may have millions of names and rarely asks for one: they are kept as bytes, and read again when asked for.
 */
export class LayerNames {
  readonly #lists = new Map<RawPath, NameList>()
  /** The directory that was asked about last, and its names as far as they have been read. */
  #asked: { readonly list: NameList; readonly names: Set<string>; read: number } | undefined

  /** The name in a directory, whose path has no symlinks, comes from this layer; so do the directories above it. */
  add(directory: RawPath, name: string): void {
    let [parent, own] = [directory, name]
    for (;;) {
      const list = this.#lists.get(parent)
      if (list !== undefined) {
        list.add(own)
        return
      }
      this.#lists.set(parent, new NameList(own))
      if (parent === '') return
      own = baseName(parent)
      parent = parentOf(parent)
    }
  }

  has(directory: RawPath, name: string): boolean {
    const list = this.#lists.get(directory)
    if (list === undefined) return false
    if (this.#asked?.list !== list) this.#asked = { list, names: new Set(), read: 0 }
    const { names, read } = this.#asked
    for (const more of list.from(read)) names.add(more)
    this.#asked.read = list.size
    return names.has(name)
  }

  /** Whether the layer has put anything into that directory. */
  hasWithin(directory: RawPath, name: string): boolean {
    return this.#lists.has(joinRaw(directory, name as RawPath))
  }
}

/** Names one after the other, each with a NUL at its end. */
class NameList {
  #bytes = Buffer.allocUnsafeSlow(64)
  #size = 0

  constructor(first: string) {
    this.add(first)
  }

  /** Bytes in use. */
  get size(): number {
    return this.#size
  }

  add(name: string): void {
    const end = this.#size + name.length + 1
    if (end > this.#bytes.byteLength) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.byteLength * 2))
      this.#bytes.copy(larger, 0, 0, this.#size)
      this.#bytes = larger
    }
    this.#bytes.write(name, this.#size, 'latin1')
    this.#bytes[end - 1] = 0
    this.#size = end
  }

  /** The names from an offset on, at which one begins. */
  from(offset: number): readonly string[] {
    if (offset === this.#size) return []
    return this.#bytes.toString('latin1', offset, this.#size - 1).split('\0')
  }
}
