/** The input ended in the middle of something, or makes no sense. */
export class DamagedInput extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'DamagedInput'
  }
}

/** Reads bits of bytes, the highest of each byte first. */
export class BitReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #window = 0
  #count = 0

  /** Whole bytes that have not been touched. */
  get left(): number {
    return this.#bytes.byteLength - this.#at
  }

  /** Adds bytes behind those that are left. */
  add(bytes: Uint8Array): void {
    this.#bytes = this.left === 0 ? bytes : Buffer.concat([this.#bytes.subarray(this.#at), bytes])
    this.#at = 0
  }

  /** The number in the next `count` bits, 24 at most. Throws DamagedInput at the end. */
  bits(count: number): number {
    const number = this.peek(count)
    this.#count -= count
    return number
  }

  /** The same without going on. */
  peek(count: number): number {
    while (this.#count < count) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) throw new DamagedInput('it ends in the middle')
      this.#at += 1
      this.#window = (this.#window << 8) | byte
      this.#count += 8
    }
    return (this.#window >>> (this.#count - count)) & ((1 << count) - 1)
  }

  /** Goes on over bits that were peeked at. */
  skip(count: number): void {
    this.#count -= count
  }

  /** Goes to where the next byte begins. */
  align(): void {
    this.#count -= this.#count % 8
  }
}
