import { type EntryAbout, placeOf } from './about.ts'
import { canonicalJson, type KeyValue, type StoredRecord } from './key.ts'

/** A step as its record, text and place tell it. */
export interface ToldStep {
  readonly record: StoredRecord
  readonly text: string
  readonly about?: EntryAbout
}

export interface PastStep extends ToldStep {
  readonly lastUsed: Date
}

/** What is known around a step. */
export interface Neighbours {
  /** The texts of the other steps of its stage. */
  readonly others: ReadonlySet<string>
  /** Its parent, and what takes the place of that in the past. */
  readonly parents?: readonly string[]
}

/**
 * Those of the past steps that are likely the same step, made of something else: the ones that fit best, and of equals
 * the most recent first. The same place of a Dockerfile or the same text make it likely, and the same things below and
 * inside more so. A step with the text of another one of the stage stands elsewhere in it now.
 */
export function nearestSteps<T extends PastStep>(
  step: ToldStep,
  past: readonly T[],
  { others, parents = [step.record.parent] }: Neighbours,
): readonly T[] {
  const rated = past.flatMap((candidate) => {
    const rating = rate(step, candidate, { others, parents })
    return rating === undefined ? [] : [{ candidate, rating }]
  })
  const best = Math.max(...rated.map(({ rating }) => rating))
  const nearest = rated.filter(({ rating }) => rating > best - 1e-9).map(({ candidate }) => candidate)
  return nearest.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
}

function rate(step: ToldStep, past: PastStep, { others, parents }: Required<Neighbours>): number | undefined {
  if (past.record.instruction !== step.record.instruction) return undefined
  const isSameText = past.text === step.text
  if (!isSameText && others.has(past.text)) return undefined
  const place = placeOf(step.record.instruction, step.about)
  const isSamePlace = place !== '' && place === placeOf(past.record.instruction, past.about)
  const isSameBelow = parents.includes(past.record.parent)
  const alike = likeness(words(past.text), words(step.text))
  const isLikely = isSameText || (isSamePlace && (isSameBelow || alike >= 0.5)) || (isSameBelow && alike >= 0.7)
  if (!isLikely) return undefined
  return (isSameText ? 4 : 0) + (isSamePlace ? 3 : 0) + (isSameBelow ? 3 : 0) + 2 * alike + 2 * sameFields(step, past)
}

/** The part of the fields that both have alike, from 0 to 1. */
function sameFields({ record }: ToldStep, past: ToldStep): number {
  const [now, old] = [parts(record), parts(past.record)]
  return likeness(now, old)
}

function parts({ fields }: StoredRecord): ReadonlySet<string> {
  return new Set(
    Object.entries(fields).flatMap(([name, value]) => {
      if (name !== 'env') return [`${name} ${canonicalJson(value)}`]
      return Object.entries(value as { readonly [name: string]: KeyValue }).map((pair) => `env ${pair.join('=')}`)
    }),
  )
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/))
}

/** Twice what both have, of all that each has: from 0 to 1. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = [...a].filter((part) => b.has(part)).length
  return a.size + b.size === 0 ? 1 : (2 * common) / (a.size + b.size)
}
