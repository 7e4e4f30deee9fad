import { resolve } from 'node:path'
import { type EntryComparison, explainEntry, readEntries } from '../../../cache/explain-entry.ts'
import { matchEntries, type StepEntries } from '../../../cache/match-entries.ts'
import { HearthError } from '../../errors.ts'
import { redact } from '../../log.ts'
import type { Flag } from '../flags/flag.ts'
import { formatFlag } from '../flags/format-flag.ts'
import { readCacheDir } from '../read-values.ts'
import type { Subcommand } from '../subcommand.ts'
import { comparisonDocument, comparisonText } from './comparison.ts'

const flags: readonly Flag[] = [
  { name: 'cache-dir', kind: 'text', default: '/cache', description: 'Directory of the cache', group: 'Cache' },
  formatFlag,
]

/** "hearth-executor cache explain": two records side by side. */
export const explainCommand: Subcommand = {
  name: 'explain',
  summary: 'Compares a cached layer with the nearest other one: what a step was made of, then and now.',
  takes: ['<key|step>'],
  flags,
  async run({ values, positionals: [wanted = ''], program }) {
    const directory = resolve(program.cwd, readCacheDir(values))
    const entries = await readEntries(directory)
    const [step, ...more] = matchEntries(wanted, entries)
    if (step === undefined) throw unknown(wanted, directory, entries.length)
    if (more.length > 0) throw ambiguous(wanted, [step, ...more])
    const comparison = await explainEntry(directory, step[0], entries)
    program.stdout.write(shown(comparison, values.text('format')))
    return 0
  },
}

function shown(comparison: EntryComparison, format: string): string {
  if (format !== 'json') return comparisonText(comparison)
  const clean = (_name: string, value: unknown): unknown => (typeof value === 'string' ? redact(value, []) : value)
  return `${JSON.stringify(comparisonDocument(comparison), clean, 2)}\n`
}

function unknown(wanted: string, directory: string, count: number): HearthError {
  return new HearthError({
    code: 'usage',
    message: `No cached layer fits ${JSON.stringify(wanted)}`,
    where: directory,
    why: count === 0 ? 'nothing is cached there' : `none of the ${count} layers there`,
    fix: 'Give a key or its first 6 digits, a part of the instruction, or a line: Dockerfile:12 or stage:12.',
  })
}

/** As many candidates as a reader can choose from. */
const mostCandidates = 20

function ambiguous(wanted: string, steps: readonly StepEntries[]): HearthError {
  const lines = steps.slice(0, mostCandidates).map(([{ key, text, created, about }]) => {
    const place = about === undefined ? '' : `  ${about.stage}, ${about.dockerfile}:${about.line}`
    return `${key.slice(0, 12)}  ${created.toISOString()}  ${text}${place}`
  })
  const more = steps.length - lines.length
  return new HearthError({
    code: 'usage',
    message: `${JSON.stringify(wanted)} fits ${steps.length} steps`,
    why: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
    fix: 'Give one of these keys, or more of the instruction.',
  })
}
