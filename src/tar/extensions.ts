import type { Description } from './described-entry.ts'
import { asSize } from './described-entry.ts'
import { BadHeader, type Header } from './header.ts'
import { type PaxRecords, readPax } from './pax.ts'

/** What all headers before an entry, and the map of a sparse file, may hold at most. */
export const maxExtensionBytes = 1 << 20

const none: PaxRecords = new Map()

/** Gathers the headers that come before an entry and describe it: PAX records, and long names in the way of GNU tar. */
export class Extensions {
  #records = none
  #longName = ''
  #longLink = ''
  #bytes = 0

  static has(flag: string): boolean {
    return flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K'
  }

  /** True while nothing has been gathered. */
  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  /** Size of the body that follows such a header. */
  announce(header: Header): number {
    const size = asSize(header.size)
    this.#bytes += size + 1
    if (this.#bytes > maxExtensionBytes + 1)
      throw new BadHeader(`its extended headers exceed ${maxExtensionBytes} bytes`)
    return size
  }

  add(flag: string, body: Buffer): void {
    switch (flag) {
      case 'x':
        this.#records = readPax(body)
        break
      case 'L':
        this.#longName = longText(body)
        break
      case 'K':
        this.#longLink = longText(body)
        break
      case 'g':
        // Records for all entries: they must be sound, and nobody applies them. They part what came before, too.
        readPax(body)
        this.#clear()
        break
    }
  }

  /** The whole description of the entry whose own header this is; it starts anew for the next one. */
  describe(header: Header): Description {
    const described = { header, records: this.#records, longName: this.#longName, longLink: this.#longLink }
    if (!this.isEmpty) this.#clear()
    return described
  }

  #clear(): void {
    this.#records = none
    this.#longName = ''
    this.#longLink = ''
    this.#bytes = 0
  }
}

/** A long name ends with a NUL; one in the middle would make different names of it for different readers. */
function longText(body: Buffer): string {
  const text = body.toString('latin1').replace(/\0+$/, '')
  if (text.includes('\0')) throw new BadHeader('its long name holds a NUL byte')
  return text
}
