import { type CacheKey, cacheKey, type KeyRecord } from '../../cache/key.ts'
import type { Log } from '../log.ts'
import type { Platform } from '../oci/platform.ts'
import { isLinked } from '../plan/step.ts'
import type { KeyedStep } from './keyed-stage.ts'
import { nothingBelow } from './lineage.ts'
import type { LayerOptions } from './rooms.ts'
import { comesFromElsewhere, madeOnByContent, recordOn, type Standing } from './standing.ts'
import { keyRecordOf } from './step-key.ts'

/** The key of a step by content, and what a layer of that key must have been made on. */
export interface SecondKey {
  readonly key: CacheKey
  readonly record: KeyRecord
  readonly madeOn: string
}

export interface SecondKeyOptions {
  /** What the step stands on. */
  readonly below: Standing
  readonly platform: Platform
  readonly layers: LayerOptions
  readonly log: Log
}

/** Undefined where a step has no key but the first. Builds the stages whose files the step takes, and reads those. */
export async function secondKeyOf(keyed: KeyedStep, options: SecondKeyOptions): Promise<SecondKey | undefined> {
  const record = await secondRecordOf(keyed, options)
  if (record === undefined) return undefined
  return { key: cacheKey(record), record, madeOn: madeOnByContent(keyed.step, options.below) }
}

async function secondRecordOf(keyed: KeyedStep, options: SecondKeyOptions): Promise<KeyRecord | undefined> {
  const { step, prepared, record } = keyed
  const { below, log, ...around } = options
  if (prepared.byContent !== undefined) {
    const { origin, inputs, mounts = [] } = await prepared.byContent(log)
    const parent = isLinked(step) ? nothingBelow : below.identity
    return keyRecordOf(step, { ...around, parent, origin, inputs, mounts })
  }
  if (comesFromElsewhere(keyed) || isLinked(step) || below.identity === record.parent) return undefined
  return recordOn(below, keyed)
}
