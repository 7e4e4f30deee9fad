import type { Statement } from 'better-sqlite3'
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

/** What layers are looked for by; any of it is enough. */
export interface StepQuestion {
  readonly text: string
  /** Empty where it is not known. */
  readonly place: string
  readonly parents: readonly string[]
}

type Question = Statement<[string], RecalledRow>

/** How many rows are looked at for one question. */
const most = 16

const columns = 'SELECT key, text, record, about, last_used FROM layers'
const byParent = `${columns} WHERE parent = ? ORDER BY last_used DESC LIMIT ${most}`
const byText = `${columns} WHERE text = ? ORDER BY last_used DESC LIMIT ${most}`
const byPlace = `${columns} WHERE place = ? ORDER BY last_used DESC LIMIT ${most}`

/** The index of a cache directory, opened to be read: which layers were made by steps like one. */
export class LayerRecall {
  readonly #db: IndexDatabase
  readonly #byParent: Question
  readonly #byText: Question
  readonly #byPlace: Question

  private constructor(db: IndexDatabase) {
    this.#db = db
    this.#byParent = db.prepare(byParent)
    this.#byText = db.prepare(byText)
    this.#byPlace = db.prepare(byPlace)
  }

  /** Undefined where there is no index, or none that can be read at once. */
  static open(directory: string): LayerRecall | undefined {
    const db = openIndexToRead(directory)
    try {
      return db === undefined ? undefined : new LayerRecall(db)
    } catch {
      db?.close()
      return undefined
    }
  }

  /** Undefined where the index cannot be read after all. */
  near({ text, place, parents }: StepQuestion): readonly PastLayer[] | undefined {
    try {
      const rows = [
        ...parents.flatMap((parent) => this.#byParent.all(parent)),
        ...this.#byText.all(text),
        ...(place === '' ? [] : this.#byPlace.all(place)),
      ]
      return [...new Map(rows.map((row) => [row.key, row])).values()].map(recalled)
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
