import type { TarSink } from './sink.ts'
import type { Fragment } from './sparse.ts'

/** Hands the content of one file on. For a sparse file, the stored bytes go where its map says. */
export class FileContent {
  readonly #sink: TarSink
  readonly #size: number
  readonly #map: readonly Fragment[] | undefined
  #left: number
  #next = 0
  #position = 0

  /** `stored` is how many bytes the archive holds; `size` what the file has with its holes. */
  constructor(sink: TarSink, { stored, size, map }: ContentShape) {
    this.#sink = sink
    this.#size = size
    this.#map = map
    this.#left = stored
  }

  /** Stored bytes that have not come yet. */
  get left(): number {
    return this.#left
  }

  /** Takes the bytes of a chunk from `start` to `end`. */
  give(chunk: Buffer, start: number, end: number): void {
    this.#left -= end - start
    if (this.#map === undefined) this.#sink.data(chunk, start, end)
    else this.#place(chunk.subarray(start, end), this.#map)
  }

  end(): void {
    if (this.#map !== undefined && this.#position < this.#size) this.#sink.hole(this.#size - this.#position)
    this.#sink.fileEnd()
  }

  #place(chunk: Buffer, map: readonly Fragment[]): void {
    for (let at = 0; at < chunk.byteLength; ) {
      const { offset, length } = map[this.#next] ?? { offset: this.#position, length: chunk.byteLength - at }
      if (this.#position < offset) this.#sink.hole(offset - this.#position)
      this.#position = Math.max(this.#position, offset)
      const share = Math.min(offset + length - this.#position, chunk.byteLength - at)
      if (share > 0) this.#sink.data(chunk, at, at + share)
      at += share
      this.#position += share
      if (this.#position === offset + length) this.#next += 1
    }
  }
}

export interface ContentShape {
  readonly stored: number
  readonly size: number
  readonly map?: readonly Fragment[] | undefined
}
