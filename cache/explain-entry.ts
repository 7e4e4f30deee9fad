import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareRecords, type Told } from './compare-records.ts'
import type { Difference } from './difference.ts'
import { differencesText } from './difference-text.ts'
import { type Entry, readEntry } from './entry-file.ts'
import { fewestChanges, withFiles } from './kept-files.ts'
import { isCacheKey } from './key.ts'
import { nearestSteps } from './nearest-record.ts'

/** A stored layer beside the one that it is compared with. */
export interface EntryComparison {
  readonly after: Entry & Told
  /** The nearest one, an older one if there is any; undefined where nothing is like it. */
  readonly before: (Entry & Told) | undefined
  readonly differences: readonly Difference[]
  /** The same on one line. */
  readonly text: string
}

/** Every entry of a cache directory; those that cannot be read are left out. */
export async function readEntries(directory: string): Promise<readonly Entry[]> {
  const names = await readdir(join(directory, 'entries')).catch((): string[] => [])
  const entries: Entry[] = []
  for (const name of names) {
    const key = name.endsWith('.json') ? name.slice(0, -'.json'.length) : ''
    const entry = isCacheKey(key) ? await readEntry(directory, key).catch(() => undefined) : undefined
    if (entry !== undefined) entries.push(entry)
  }
  return entries
}

/** Compares a stored layer with the one that it would have been, had nothing changed. */
export async function explainEntry(
  directory: string,
  entry: Entry,
  entries: readonly Entry[],
): Promise<EntryComparison> {
  const after = await withFiles(directory, entry, Number.POSITIVE_INFINITY)
  const others = entries.filter(({ key }) => key !== entry.key)
  const older = others.filter(({ created }) => created <= entry.created)
  const nearest = await nearestOf(directory, after, older.length > 0 ? older : others)
  const found = nearest ?? (await nearestOf(directory, after, others))
  if (found === undefined) return { after, before: undefined, differences: [], text: 'nothing like it is kept here' }
  const before = await withFiles(directory, found, Number.POSITIVE_INFINITY)
  const differences = compareRecords(before, after)
  return { after, before, differences, text: differencesText(differences) }
}

function nearestOf(directory: string, after: Entry & Told, entries: readonly Entry[]): Promise<Entry | undefined> {
  const past = entries.map((entry) => ({ ...entry, lastUsed: entry.created }))
  return fewestChanges(directory, after, nearestSteps(after, past, { others: new Set() }).slice(0, 16))
}
