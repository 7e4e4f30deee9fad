/** What became of the layers, or images, that were to be carried. */
export interface CarryCounts {
  /** They are there now, and were not before. */
  readonly added: number
  /** They were there, as good or better. */
  readonly kept: number
  /** Their bytes were never in the cache they come from, or are gone from it. */
  readonly incomplete: number
  /** They are not what they say, and were left out. */
  readonly damaged: number
}

export interface CarryReport {
  readonly layers: CarryCounts
  readonly images: CarryCounts
  /** Images of a layout that come from no cache. */
  readonly foreign: number
  /** Of blobs that were copied or linked. */
  readonly bytes: number
}

export type Carriable = 'layers' | 'images'

/** Counts while things are carried. */
export class CarryTally {
  readonly #counts = { layers: noCounts(), images: noCounts() }
  #foreign = 0
  #bytes = 0

  count(kind: Carriable, fate: keyof CarryCounts): void {
    this.#counts[kind][fate] += 1
  }

  countForeign(): void {
    this.#foreign += 1
  }

  addBytes(size: number): void {
    this.#bytes += size
  }

  report(): CarryReport {
    const { layers, images } = this.#counts
    return { layers: { ...layers }, images: { ...images }, foreign: this.#foreign, bytes: this.#bytes }
  }
}

function noCounts(): Record<keyof CarryCounts, number> {
  return { added: 0, kept: 0, incomplete: 0, damaged: 0 }
}
