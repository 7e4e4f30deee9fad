import { isSpace } from './whitespace.ts'

/** Collects words from pieces of text: some are split at blanks, others belong to one word. */
export class WordCollector {
  readonly #words: string[] = []
  #word = ''

  /** Adds a piece that blanks split. */
  add(piece: string): void {
    let start = 0
    for (let at = 0; at < piece.length; at++) {
      if (!isSpace(piece.charCodeAt(at))) continue
      this.#word += piece.slice(start, at)
      this.#finish()
      start = at + 1
    }
    this.#word += start === 0 ? piece : piece.slice(start)
  }

  /** Adds a piece as it is. */
  addWhole(piece: string): void {
    this.#word += piece
  }

  end(): readonly string[] {
    this.#finish()
    return this.#words
  }

  #finish(): void {
    if (this.#word !== '') this.#words.push(this.#word)
    this.#word = ''
  }
}
