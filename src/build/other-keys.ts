import { type CacheKey, cacheKey, type KeyRecord } from '../../cache/key.ts'
import type { Log } from '../log.ts'
import type { Platform } from '../oci/platform.ts'
import { isLinked } from '../plan/step.ts'
import type { KeyedStep } from './keyed-stage.ts'
import { lineageFor, madeOnOf, nothingBelow } from './lineage.ts'
import type { LayerOptions } from './rooms.ts'
import { recordOn, type Standing } from './standing.ts'
import { keyRecordOf } from './step-key.ts'

/** A key of a step besides the first one. */
export interface OtherKey {
  readonly key: CacheKey
  readonly record: KeyRecord
  /** What a layer of that key is made on, with files of stages of these lineages. */
  madeOn(sources: readonly string[]): string
}

/** The key on what is below by content, with files from elsewhere still named by where they come from: nothing is read. */
export function keyOnResults(keyed: KeyedStep, below: Standing): OtherKey | undefined {
  const { step, record: first } = keyed
  if (isLinked(step) || below.identity === first.parent) return undefined
  const record = recordOn(below, keyed)
  return { key: cacheKey(record), record, madeOn: (sources) => madeOnOf(lineageFor(step, below.lineage), sources) }
}

export interface ContentKeyOptions {
  /** What the step stands on. */
  readonly below: Standing
  readonly platform: Platform
  readonly layers: LayerOptions
  readonly log: Log
}

/** The key by content throughout: stages whose files the step takes are built, and those files read. */
export async function keyByContent(keyed: KeyedStep, options: ContentKeyOptions): Promise<OtherKey | undefined> {
  const { step, prepared } = keyed
  const { below, log, ...around } = options
  if (prepared.byContent === undefined) return undefined
  const { origin, inputs, mounts = [] } = await prepared.byContent(log)
  const parent = isLinked(step) ? nothingBelow : below.identity
  const record = keyRecordOf(step, { ...around, parent, origin, inputs, mounts })
  // The files are the same wherever they come from, by the key itself.
  return { key: cacheKey(record), record, madeOn: () => lineageFor(step, below.lineage) }
}
