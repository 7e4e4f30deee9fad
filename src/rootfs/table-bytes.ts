/** Why bytes are no file table. */
export class BadTable extends Error {}

/** Gathers the records of a file table: numbers of seven bits a byte, the lowest first, and bytes after their length. */
export class TableWriter {
  #buffer = Buffer.allocUnsafe(1 << 16)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** A whole number from zero to the largest safe one. */
  number(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.#buffer[this.#size] = (rest % 0x80) | 0x80
      this.#size += 1
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#size] = rest
    this.#size += 1
  }

  /** A text whose characters stand for bytes. */
  text(value: string): void {
    this.number(value.length)
    this.#reserve(value.length)
    this.#size += this.#buffer.write(value, this.#size, 'latin1')
  }

  bytes(value: Uint8Array): void {
    this.number(value.byteLength)
    this.#reserve(value.byteLength)
    this.#buffer.set(value, this.#size)
    this.#size += value.byteLength
  }

  /** What was gathered since the last time, as a copy. */
  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#size))
    this.#size = 0
    return taken
  }

  #reserve(count: number): void {
    if (this.#size + count <= this.#buffer.byteLength) return
    const larger = Buffer.allocUnsafe(2 * (this.#size + count))
    this.#buffer.copy(larger, 0, 0, this.#size)
    this.#buffer = larger
  }
}

/** Reads what a `TableWriter` has written. Throws BadTable where the bytes end too early or a number is none. */
export class TableReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.byteLength
  }

  number(): number {
    let value = 0
    for (let factor = 1; factor <= Number.MAX_SAFE_INTEGER; factor *= 0x80) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) break
      this.#at += 1
      value += (byte & 0x7f) * factor
      if (byte > 0x7f) continue
      if (Number.isSafeInteger(value)) return value
      break
    }
    throw new BadTable('a number in it is not valid')
  }

  text(): string {
    return this.bytes().toString('latin1')
  }

  /** A view of the bytes read from. */
  bytes(): Buffer {
    const length = this.number()
    const end = this.#at + length
    if (end > this.#bytes.byteLength) throw new BadTable('it is cut off')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }
}
