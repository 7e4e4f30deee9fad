import { parseAbout } from './about.ts'
import { type IndexDatabase, openIndexToRead } from './index-database.ts'
import type { CacheKey, StoredRecord } from './key.ts'
import type { PastLayer } from './past-layers.ts'

interface RecalledRow {
  readonly key: CacheKey
  readonly text: string
  readonly record: string
  readonly about: string
  readonly last_used: number
}

/** How many rows are looked at for one question. */
const most = 16

const columns = 'SELECT key, text, record, about, last_used FROM layers'
const byText = `${columns} WHERE text = ? ORDER BY last_used DESC LIMIT ${most}`
const byPlace = `${columns} WHERE place = ? ORDER BY last_used DESC LIMIT ${most}`

/** The index of a cache directory, opened to be read: which layers were made by steps like one. */
export class LayerRecall {
  readonly #db: IndexDatabase

  private constructor(db: IndexDatabase) {
    this.#db = db
  }

  /** Undefined where there is no index, or none that can be read at once. */
  static open(directory: string): LayerRecall | undefined {
    const db = openIndexToRead(directory)
    return db === undefined ? undefined : new LayerRecall(db)
  }

  /** Undefined where the index cannot be read after all. */
  near(text: string, place: string): readonly PastLayer[] | undefined {
    try {
      const rows = this.#db.prepare<[string], RecalledRow>(byText).all(text)
      const placed = place === '' ? [] : this.#db.prepare<[string], RecalledRow>(byPlace).all(place)
      const found = new Map([...rows, ...placed].map((row) => [row.key, row]))
      return [...found.values()].map(recalled)
    } catch {
      return undefined
    }
  }

  close(): void {
    this.#db.close()
  }
}

function recalled({ key, text, record, about, last_used }: RecalledRow): PastLayer {
  const told = parseAbout(JSON.parse(about))
  const past = { key, text, record: JSON.parse(record) as StoredRecord, lastUsed: new Date(last_used) }
  return told === undefined ? past : { ...past, about: told }
}
