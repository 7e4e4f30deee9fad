import { existsSync } from 'node:fs'
import { compareRecords, type Told } from './compare-records.ts'
import { differencesText, isOnlyStepBelow } from './difference-text.ts'
import type { Entry } from './entry-file.ts'
import { readEntry } from './entry-file.ts'
import { changedSince, type Explanation, explanationOf } from './explanation.ts'
import { blobPath, fewestChanges, withFiles } from './kept-files.ts'
import { isCacheKey, type KeyRecord, storedRecord } from './key.ts'
import { isFresh } from './layer-cache.ts'
import { nearestSteps, type ToldStep } from './nearest-record.ts'
import { type PastLayer, PastLayers } from './past-layers.ts'

/** A step as the build knows it. */
export interface CurrentStep extends Omit<ToldStep, 'record'> {
  readonly key: Entry['key']
  readonly record: KeyRecord
}

/** A step that the cache was asked for in vain. */
export interface MissedStep extends CurrentStep {
  /** The steps of its stage below it that make layers, the lowest first; nobody asks for them where it follows. */
  readonly below: readonly CurrentStep[]
  /** The texts of all other steps of its stage. */
  readonly others: ReadonlySet<string>
  /** A step below it was a miss as well. */
  readonly follows: boolean
  /** What is known already: a layer was found, and cannot be used. */
  readonly unusable?: 'other-results' | 'blob-damaged'
}

/** Says why steps are not in the cache. Reads a little, writes nothing, never fails. */
export interface MissReader {
  explain(step: MissedStep): Promise<Explanation>
  close(): void
}

export interface MissReaderOptions {
  /** The cache directory; undefined where there is only a cache repository. */
  readonly directory: string | undefined
  readonly ttlMs: number
  readonly now: () => Date
}

/** The largest lists of files that are read, in bytes: of the nearest record, and of those below it. */
const largest = { nearest: 8 << 20, below: 256 << 10 }

/** How many records that fit alike have their files compared, and how far down a chain of steps is followed. */
const most = { alike: 8, below: 16 }

export function missReader(options: MissReaderOptions): MissReader {
  return options.directory === undefined ? repositoryOnly : new DirectoryReader(options.directory, options)
}

const repositoryOnly: MissReader = {
  explain: async ({ follows, unusable }) => {
    return unusable === undefined ? explanationOf('not-in-repository', follows) : explanationOf(unusable, false)
  },
  close() {},
}

class DirectoryReader implements MissReader {
  readonly #directory: string
  readonly #options: MissReaderOptions
  readonly #past: PastLayers
  /** What the steps of this build were before: key of the nearest record, by their own. */
  readonly #before = new Map<string, string>()

  constructor(directory: string, options: MissReaderOptions) {
    this.#directory = directory
    this.#options = options
    this.#past = new PastLayers(directory)
  }

  async explain(step: MissedStep): Promise<Explanation> {
    const found = (await this.#ofOwnEntry(step)) ?? (await this.#ofNearest(step).catch(() => undefined))
    return found ?? explanationOf('new', step.follows)
  }

  close(): void {
    this.#past.close()
  }

  /** There is an entry of the very key: something keeps it from being used. */
  async #ofOwnEntry({ key, unusable }: MissedStep): Promise<Explanation | undefined> {
    const { ttlMs, now } = this.#options
    if (unusable === 'other-results') return explanationOf(unusable, false)
    let entry: Entry | undefined
    try {
      entry = await readEntry(this.#directory, key)
    } catch {
      return explanationOf('entry-damaged', false)
    }
    if (entry === undefined) return undefined
    const { digest } = entry.layer
    if (unusable !== undefined) return explanationOf(unusable, false, digest)
    if (!isFresh(entry.created, ttlMs, now())) return explanationOf('expired', false, ageText(entry.created, ttlMs))
    const isThere = existsSync(blobPath(this.#directory, digest))
    return explanationOf(isThere ? 'blob-damaged' : 'blob-missing', false, digest)
  }

  async #ofNearest(step: MissedStep): Promise<Explanation | undefined> {
    const told = toldOf(step)
    const { parent } = told.record
    const before = this.#before.get(parent)
    const parents = before === undefined ? [parent] : [parent, before]
    const near = await this.#past.near(told, parents)
    // Further keys of a layer, whose records are of another kind, say nothing about it.
    const past = near.filter(({ key, about }) => key !== step.key && about !== undefined)
    const alike = nearestSteps(told, past, { others: step.others, parents })
    const nearest = await this.#choose(told, alike, before)
    if (nearest === undefined) return undefined
    this.#before.set(step.key, nearest.key)
    const differences = compareRecords(await withFiles(this.#directory, nearest, largest.nearest), told)
    // The row of a damaged index may say anything.
    if (differences.length === 0) return undefined
    const below = step.follows ? undefined : await this.#causeBelow(nearest, step.below, most.below)
    return changedSince(nearest, differences, { follows: step.follows, below })
  }

  /** The index is believed in nothing that an entry does not say. */
  async #choose(told: Told, alike: readonly PastLayer[], before?: string): Promise<Entry | undefined> {
    const entries: Entry[] = []
    for (const { key } of alike) {
      const entry = await this.#past.entry(key)
      if (entry !== undefined) entries.push(entry)
      // What lies on the step that the one below was before is of the same project; others may share a beginning.
      if (entries.length === most.alike || (entry !== undefined && entry.record.parent === before)) break
    }
    return fewestChanges(this.#directory, told, entries)
  }

  /** What made the step below another one, where that itself was found in the cache and so says nothing. */
  async #causeBelow({ record }: Entry, steps: MissedStep['below'], depth: number): Promise<string | undefined> {
    const current = steps.at(-1)
    if (current === undefined || depth === 0 || !isCacheKey(record.parent)) return undefined
    const entry = await this.#past.entry(record.parent)
    if (entry === undefined || entry.key === current.key) return undefined
    const differences = compareRecords(await withFiles(this.#directory, entry, largest.below), toldOf(current))
    if (isOnlyStepBelow(differences)) return this.#causeBelow(entry, steps.slice(0, -1), depth - 1)
    return `below it, ${current.text}: ${differencesText(differences)}`
  }
}

function toldOf({ text, record, about }: CurrentStep): ToldStep & Told {
  const { inputs = [] } = record
  return { text, record: storedRecord(record), inputs, ...(about === undefined ? {} : { about }) }
}

/** "TTL 336h, made at 2026-03-01T12:00:00.000Z" */
function ageText(created: Date, ttlMs: number): string {
  const hours = ttlMs / 3600_000
  const shown = Number.isInteger(hours) ? `${hours}h` : `${ttlMs / 1000}s`
  return `TTL ${shown}, made at ${created.toISOString()}`
}
