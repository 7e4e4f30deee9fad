import type { Digest } from '../oci/digest.ts'

/** How a layer came to be. */
export type StepOutcome = 'local' | 'remote' | 'made'

/** One layer step of a build, as it went. */
export interface StepReport {
  readonly stage: string
  readonly line: number
  readonly text: string
  readonly outcome: StepOutcome
  readonly digest: Digest
  /** Bytes of the compressed layer. */
  readonly size: number
  readonly seconds: number
}

export interface CacheCounts {
  readonly local: number
  readonly remote: number
  readonly misses: number
}

export function countCache(steps: readonly StepReport[]): CacheCounts {
  const count = (outcome: StepOutcome): number => steps.filter((step) => step.outcome === outcome).length
  return { local: count('local'), remote: count('remote'), misses: count('made') }
}

/** "cache: 5 hits (local 4, remote 1), 2 misses" */
export function cacheSummary(steps: readonly StepReport[]): string {
  const { local, remote, misses } = countCache(steps)
  return `cache: ${local + remote} hits (local ${local}, remote ${remote}), ${misses} misses`
}

/** 1234567 → "1.2 MB" */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
