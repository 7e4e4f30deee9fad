import { StringDecoder } from 'node:string_decoder'

/** Longer lines are handed on in pieces of this many characters. */
export const longestLine = 1 << 16

/**
 * Cuts output into lines as it comes. A line ends at "\n", "\r\n" or "\r", so that each state of a progress bar is a line;
 * one that holds nothing but its "\r" is dropped. Bytes that are no UTF-8 become U+FFFD.
 */
export class LineCutter {
  readonly #onLine: (line: string) => void
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  /** The last character was a "\r" that ended a line: a "\n" now belongs to it. */
  #returned = false

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  write(bytes: Buffer): void {
    const text = this.#decoder.write(bytes)
    if (text !== '') this.#cut(text)
  }

  /** Hands on the last line when it has no end. */
  end(): void {
    this.#rest += this.#decoder.end()
    if (this.#rest !== '') this.#line(this.#rest)
    this.#rest = ''
  }

  #cut(text: string): void {
    const pieces = text.split('\n')
    const unfinished = pieces.pop() ?? ''
    for (const piece of pieces) {
      const rest = this.#throughReturns(piece)
      if (rest !== '' || !this.#returned) this.#line(rest)
      this.#rest = ''
      this.#returned = false
    }
    this.#rest = this.#throughReturns(unfinished)
    while (this.#rest.length > longestLine) this.#rest = this.#piece(this.#rest)
  }

  /** Hands on what "\r" ends in a text that holds no "\n", with what was there before; gives what is left. */
  #throughReturns(text: string): string {
    if (text === '') return this.#rest
    if (!text.includes('\r')) {
      this.#returned = false
      return this.#rest + text
    }
    const states = `${this.#rest}${text}`.split('\r')
    const rest = states.pop() ?? ''
    for (const state of states) if (state !== '') this.#line(state)
    this.#returned = rest === '' && states.at(-1) !== ''
    return rest
  }

  #line(line: string): void {
    let rest = line
    while (rest.length > longestLine) rest = this.#piece(rest)
    this.#onLine(rest)
  }

  /** Hands on the beginning of a long line, never half a surrogate pair, and gives what is left. */
  #piece(line: string): string {
    const last = line.charCodeAt(longestLine - 1)
    const length = last >= 0xd800 && last < 0xdc00 ? longestLine - 1 : longestLine
    this.#onLine(line.slice(0, length))
    return line.slice(length)
  }
}
