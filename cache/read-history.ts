import { openIndexToRead } from './index-database.ts'
import type { CacheKey } from './key.ts'
import type { LayerUse } from './layer-index.ts'

interface UseRow {
  readonly key: CacheKey
  readonly hits: number
  readonly last_used: number
}

/** What the index of a cache directory knows about the use of layers; nothing where there is none that can be read. */
export function readHistory(directory: string): ReadonlyMap<CacheKey, LayerUse> {
  try {
    const db = openIndexToRead(directory)
    if (db === undefined) return new Map()
    try {
      const rows = db.prepare<[], UseRow>('SELECT key, hits, last_used FROM layers').all()
      return new Map(rows.map(({ key, hits, last_used }) => [key, { hits, lastUsed: new Date(last_used) }]))
    } finally {
      db.close()
    }
  } catch {
    return new Map()
  }
}
