import type { Outcome } from './outcome.ts'

/** One row: an environment, and what came of each build in it, by the titles of the builds. */
export interface MatrixRow {
  readonly environment: string
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/** The matrix for README.md. `reference` has, for each title, the digest that every other one should equal. */
export function matrixTable(rows: readonly MatrixRow[], reference: Readonly<Record<string, string>>): string {
  const titles = [...new Set(rows.flatMap(({ outcomes }) => Object.keys(outcomes)))]
  const lines = rows.map(({ environment, outcomes }) => {
    const cells = titles.map((title) => cell(outcomes[title], reference[title]))
    return `| ${[environment, tiersOf(outcomes), ...cells].join(' | ')} |`
  })
  return [`| where | tier | ${titles.join(' | ')} |`, `|${'---|'.repeat(titles.length + 2)}`, ...lines].join('\n')
}

/** The digests that most rows have. */
export function referenceDigests(rows: readonly MatrixRow[]): Readonly<Record<string, string>> {
  const reference: Record<string, string> = {}
  for (const title of new Set(rows.flatMap(({ outcomes }) => Object.keys(outcomes)))) {
    const counts = new Map<string, number>()
    for (const { outcomes } of rows) {
      const digest = outcomes[title]?.digest
      if (digest !== undefined) counts.set(digest, (counts.get(digest) ?? 0) + 1)
    }
    const [most] = [...counts].sort((a, b) => b[1] - a[1])
    if (most !== undefined) reference[title] = most[0]
  }
  return reference
}

/** Whether a build failed that should not have, or made another image than elsewhere. */
export function unlikeExpected(rows: readonly MatrixRow[]): boolean {
  const reference = referenceDigests(rows)
  return rows.some(({ outcomes }) => {
    return Object.entries(outcomes).some(([title, { result, digest }]) => {
      return result === 'failed' || (digest !== undefined && digest !== reference[title])
    })
  })
}

function tiersOf(outcomes: MatrixRow['outcomes']): string {
  const tiers = new Set(Object.values(outcomes).flatMap(({ tier }) => tier ?? []))
  return tiers.size === 0 ? 'none' : [...tiers].map((tier) => `\`${tier}\``).join(', ')
}

function cell(outcome: Outcome | undefined, reference: string | undefined): string {
  if (outcome === undefined) return ''
  const { result, digest, error, seconds } = outcome
  if (result === 'built') return `${digest === reference ? 'same' : '**other**'} image, ${seconds.toFixed(1)} s`
  return result === 'refused' ? `error \`${error}\`` : `**failed**${error === undefined ? '' : `, \`${error}\``}`
}
