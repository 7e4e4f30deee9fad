interface Page<Value> {
  [index: number]: Value
}

const pageBits = 16
const pageMask = (1 << pageBits) - 1
/** Rows of a page. */
export const pageSize = 1 << pageBits

/** A column of numbers that grows page by page: nothing is copied or given back, however many rows there will be. */
export class Column<Value extends number | bigint> {
  readonly #pages: Page<Value>[] = []
  readonly #newPage: () => Page<Value>
  readonly #zero: Value

  constructor(newPage: () => Page<Value>, zero: Value) {
    this.#newPage = newPage
    this.#zero = zero
  }

  get(row: number): Value {
    return this.#pages[row >>> pageBits]?.[row & pageMask] ?? this.#zero
  }

  set(row: number, value: Value): void {
    const index = row >>> pageBits
    let page = this.#pages[index]
    if (page === undefined) {
      page = this.#newPage()
      this.#pages[index] = page
    }
    page[row & pageMask] = value
  }
}

export const column = {
  of16Bits: (): Column<number> => new Column(() => new Uint16Array(pageSize), 0),
  of32Bits: (): Column<number> => new Column(() => new Uint32Array(pageSize), 0),
  ofDoubles: (): Column<number> => new Column(() => new Float64Array(pageSize), 0),
  ofBigInts: (): Column<bigint> => new Column(() => new BigInt64Array(pageSize), 0n),
}
