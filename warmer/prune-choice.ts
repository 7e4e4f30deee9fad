import type { ImageItem } from '../cache/image-items.ts'
import { stateOf } from './image-state.ts'
import { referencePattern } from './reference-pattern.ts'

/** Which images to take away. */
export interface PruneChoice {
  /** Every image is a candidate. */
  readonly all: boolean
  /** Candidates only are those one of these patterns matches; all, where there is none. */
  readonly references: readonly string[]
  readonly expired: boolean
  readonly replaced: boolean
  /** Those no build and no warmer has wanted for so long, in ms. */
  readonly unusedMs: number | undefined
  /** How long a tag counts after it was resolved, in ms. */
  readonly ttlMs: number
}

/**
 * The images to take away: those that the patterns match, and of these, where reasons are given (expired, replaced, unused),
 * those for which one of them holds.
 */
export function chooseUnwanted(items: readonly ImageItem[], choice: PruneChoice, now: Date): readonly ImageItem[] {
  const { all, references, expired, replaced, unusedMs, ttlMs } = choice
  const patterns = references.map(referencePattern)
  const isMeant = ({ reference }: ImageItem): boolean => {
    return patterns.length === 0 || patterns.some((matches) => matches(reference))
  }
  const needsReason = !all && (expired || replaced || unusedMs !== undefined)
  const hasReason = (item: ImageItem): boolean => {
    const state = stateOf(item, { ttlMs, now })
    if ((expired && state === 'expired') || (replaced && state === 'replaced')) return true
    return unusedMs !== undefined && now.getTime() - item.lastUsed.getTime() > unusedMs
  }
  return items.filter((item) => isMeant(item) && (!needsReason || hasReason(item)))
}
