import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { placeOf } from './about.ts'
import { type Entry, readEntry } from './entry-file.ts'
import { isCacheKey } from './key.ts'
import { LayerRecall } from './layer-recall.ts'
import type { PastStep, ToldStep } from './nearest-record.ts'

/** A layer that was cached before. */
export interface PastLayer extends PastStep {
  readonly key: Entry['key']
}

/** How much is looked at where there is no index: file names, then the newest of their entries. */
const most = { names: 512, entries: 64 }

/**
 * What a cache directory remembers of its layers. The index is asked where there is one, else a bounded number of entry
 * files is read, once. Nothing here fails: what cannot be read is not remembered.
 */
export class PastLayers {
  readonly #directory: string
  #recall: LayerRecall | undefined
  #isOpen = false
  #newest: Promise<readonly PastLayer[]> | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Layers of steps with the same text, at the same place, or on one of these parents. */
  async near({ record, text, about }: ToldStep, parents: readonly string[]): Promise<readonly PastLayer[]> {
    if (!this.#isOpen) {
      this.#recall = LayerRecall.open(this.#directory)
      this.#isOpen = true
    }
    const recalled = this.#recall?.near({ text, place: placeOf(record.instruction, about), parents })
    if (recalled !== undefined) return recalled
    this.#newest ??= newestEntries(this.#directory)
    return this.#newest
  }

  /** The entry itself, as its file has it; undefined where it is gone or damaged. */
  entry(key: Entry['key']): Promise<Entry | undefined> {
    return readEntry(this.#directory, key).catch(() => undefined)
  }

  close(): void {
    this.#recall?.close()
    this.#recall = undefined
    this.#isOpen = false
  }
}

async function newestEntries(directory: string): Promise<readonly PastLayer[]> {
  const names = await readdir(join(directory, 'entries')).catch((): string[] => [])
  const keys = names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []))
  const timed = await Promise.all(
    keys.slice(0, most.names).map(async (key) => {
      const found = await stat(join(directory, 'entries', `${key}.json`)).catch(() => undefined)
      return { key, time: found?.mtimeMs ?? 0 }
    }),
  )
  const newest = timed.sort((a, b) => b.time - a.time).slice(0, most.entries)
  const read = await Promise.all(
    newest.map(({ key }) => (isCacheKey(key) ? readEntry(directory, key).catch(() => undefined) : undefined)),
  )
  return read.flatMap((entry) => (entry === undefined ? [] : [{ ...entry, lastUsed: entry.created }]))
}
