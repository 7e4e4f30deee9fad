const slabSize = 1 << 20
/** A chunk from here on is handed on as it is; a smaller one is copied together with others. */
const largeChunk = 256 << 10

/** Packs many small pieces into few large ones. */
export class Slab {
  #buffer = Buffer.allocUnsafeSlow(slabSize)
  /** What lies before has been handed on. */
  #start = 0
  #end = 0
  #ready: Uint8Array[] = []
  #size = 0

  /** Bytes taken so far. */
  get size(): number {
    return this.#size
  }

  get isReady(): boolean {
    return this.#ready.length > 0
  }

  /** Takes the large pieces that are ready to go. */
  takeReady(): readonly Uint8Array[] {
    const ready = this.#ready
    this.#ready = []
    return ready
  }

  add(piece: Uint8Array): void {
    this.#size += piece.byteLength
    if (piece.byteLength >= largeChunk) {
      this.flush()
      this.#ready.push(piece)
      return
    }
    for (let at = 0; at < piece.byteLength; ) {
      const share = Math.min(slabSize - this.#end, piece.byteLength - at)
      this.#buffer.set(share === piece.byteLength ? piece : piece.subarray(at, at + share), this.#end)
      this.#end += share
      at += share
      if (this.#end === slabSize) this.#renew()
    }
  }

  addZeros(size: number): void {
    for (let left = size; left > 0; left -= zeros.byteLength) this.add(zeros.subarray(0, left))
  }

  /** Makes all that has been gathered ready to go, however little it is. */
  flush(): void {
    if (this.#end > this.#start) this.#ready.push(this.#buffer.subarray(this.#start, this.#end))
    this.#start = this.#end
  }

  #renew(): void {
    this.flush()
    this.#buffer = Buffer.allocUnsafeSlow(slabSize)
    this.#start = 0
    this.#end = 0
  }
}

const zeros = new Uint8Array(1024)
