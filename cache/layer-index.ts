import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import { placeOf } from './about.ts'
import { type Entry, readEntry } from './entry-file.ts'
import { type IndexDatabase, inTransaction, openIndexDatabase } from './index-database.ts'
import { type CacheKey, canonicalJson, isCacheKey, type KeyValue } from './key.ts'

/** How often a layer was taken from the cache, and when last. */
export interface LayerUse {
  readonly hits: number
  readonly lastUsed: Date
}

/** What the index says about a layer, for people and statistics. Nothing is ever served from it. */
export interface LayerHistory extends LayerUse {
  readonly key: CacheKey
  readonly instruction: string
  readonly text: string
  readonly digest: string
  readonly size: number
  readonly created: Date
}

interface LayerRow {
  readonly key: CacheKey
  readonly instruction: string
  readonly text: string
  readonly layer_digest: string
  readonly layer_size: number
  readonly created: number
  readonly last_used: number
  readonly hits: number
}

const insert = `
  INSERT INTO layers (
    key, instruction, text, record, layer_digest, layer_size, diff_id, made_on, created, last_used, parent, place, about
  ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET text = excluded.text, place = excluded.place, about = excluded.about, layer_digest = excluded.layer_digest,
    layer_size = excluded.layer_size, diff_id = excluded.diff_id, made_on = excluded.made_on,
    created = excluded.created, last_used = max(last_used, excluded.last_used)`

/** The rows about cached layers in a cache directory's SQLite index. */
export class LayerIndex {
  readonly #db: IndexDatabase
  readonly #directory: string

  private constructor(db: IndexDatabase, directory: string) {
    this.#db = db
    this.#directory = directory
  }

  /** Undefined where SQLite cannot be used; the cache works without. */
  static open(directory: string, log: Log): LayerIndex | undefined {
    const db = openIndexDatabase(directory, log)
    return db === undefined ? undefined : new LayerIndex(db, directory)
  }

  /** Writes down what a build stored and used, and brings the rows in line with the files in entries/. */
  async update(stored: readonly Entry[], uses: ReadonlyMap<CacheKey, LayerUse>): Promise<void> {
    const { missing, gone } = await this.#compare()
    const put = this.#db.prepare(insert)
    const remove = this.#db.prepare('DELETE FROM layers WHERE key = ?')
    const use = this.#db.prepare('UPDATE layers SET hits = hits + ?, last_used = max(last_used, ?) WHERE key = ?')
    await inTransaction(this.#db, () => {
      for (const entry of [...missing, ...stored]) put.run(...rowOf(entry))
      for (const key of gone) remove.run(key)
      for (const [key, { hits, lastUsed }] of uses) use.run(hits, lastUsed.getTime(), key)
    })
  }

  /** Most recently used first. */
  layers(): readonly LayerHistory[] {
    const rows = this.#db.prepare<[], LayerRow>('SELECT * FROM layers ORDER BY last_used DESC, key').all()
    return rows.map((row) => ({
      key: row.key,
      instruction: row.instruction,
      text: row.text,
      digest: row.layer_digest,
      size: row.layer_size,
      created: new Date(row.created),
      lastUsed: new Date(row.last_used),
      hits: row.hits,
    }))
  }

  close(): void {
    this.#db.close()
  }

  async #compare(): Promise<{ readonly missing: readonly Entry[]; readonly gone: readonly CacheKey[] }> {
    const rows = new Set(this.#db.prepare<[], CacheKey>('SELECT key FROM layers').pluck().all())
    const files = new Set(keysIn(join(this.#directory, 'entries')))
    const missing: Entry[] = []
    for (const key of files) {
      if (rows.has(key)) continue
      const entry = await readEntry(this.#directory, key).catch(() => undefined)
      if (entry !== undefined) missing.push(entry)
    }
    return { missing, gone: [...rows].filter((key) => !files.has(key)) }
  }
}

function keysIn(directory: string): readonly CacheKey[] {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.json'))
    return names.map((name) => name.slice(0, -'.json'.length)).filter(isCacheKey)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

function rowOf(entry: Entry): readonly (string | number)[] {
  const { key, record, text, layer, diffID, madeOn, about } = entry
  const { instruction } = record
  const created = entry.created.getTime()
  const written = canonicalJson(record as unknown as KeyValue)
  const told = [record.parent, placeOf(instruction, about), canonicalJson(about ?? null)]
  return [key, instruction, text, written, layer.digest, layer.size, diffID, madeOn, created, created, ...told]
}
