import type { Bytes } from '../src/stream/bytes.ts'
import { readableSizes } from './readable-size.ts'

/** How far warming has come, said in one line from time to time for as long as it takes. */
export class Progress implements Disposable {
  readonly #images: number
  readonly #timer: NodeJS.Timeout | undefined
  #finished = 0
  /** Bytes of the layers that are known to be missing, and those of them that have come. */
  #expected = 0
  #received = 0

  /** `everyMs` is 0 for no lines at all. */
  constructor(images: number, options: { readonly everyMs: number; readonly say: (line: string) => void }) {
    this.#images = images
    const { everyMs, say } = options
    if (everyMs > 0) this.#timer = setInterval(() => say(this.line()), everyMs).unref()
  }

  /** "3 of 7 images, 412.0 of 980.3 MB"; without sizes while nothing has to be transferred. */
  line(): string {
    const images = `${this.#finished} of ${this.#images} ${this.#images === 1 ? 'image' : 'images'}`
    return this.#expected === 0 ? images : `${images}, ${readableSizes(this.#received, this.#expected)}`
  }

  imageDone(): void {
    this.#finished += 1
  }

  /** Another layer has to be transferred. */
  expect(bytes: number): void {
    this.#expected += bytes
  }

  /** Counts a layer while it passes; what is left of one that breaks off is not expected any more. */
  async *receiving(source: Bytes, size: number): Bytes {
    let received = 0
    try {
      for await (const chunk of source) {
        received += chunk.byteLength
        this.#received += chunk.byteLength
        yield chunk
      }
    } finally {
      this.#expected += Math.min(0, received - size)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
