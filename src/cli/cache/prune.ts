import type { CacheItemKind } from '../../../cache/cache-item.ts'
import { graceMs } from '../../../cache/limits.ts'
import { type PruneOutcome, pruneCache } from '../../../cache/prune.ts'
import type { PrunePolicy, PruneReason } from '../../../cache/prune-plan.ts'
import { HearthError } from '../../errors.ts'
import { existingDirectory } from '../existing-directory.ts'
import type { Flag } from '../flags/flag.ts'
import type { FlagValues } from '../flags/flag-values.ts'
import { formatFlag } from '../flags/format-flag.ts'
import { wrongUsage } from '../flags/usage.ts'
import type { Subcommand, SubcommandCall } from '../subcommand.ts'
import { directoryFlags, isJson, kindFlag } from './cache-flags.ts'
import { matcherOf } from './name-patterns.ts'
import { isAboutRepository, repositoryFlags, runPruneRepository } from './prune-repository.ts'
import { readableSize, shortTitle } from './readable.ts'
import { table } from './table.ts'

/** How long to wait for another prune, in ms. */
export const patienceMs = 600_000

const selection: readonly Flag[] = [
  { name: 'max-age', kind: 'duration', default: '', description: 'Remove items made longer ago', group: 'Selection' },
  {
    name: 'unused-since',
    kind: 'duration',
    default: '',
    description: 'Remove items that nobody has used for so long',
    group: 'Selection',
  },
  {
    name: 'max-size',
    kind: 'size',
    default: '',
    description: 'Remove what was used longest ago until no more than this is left (10GiB)',
    group: 'Selection',
  },
  {
    name: 'reference',
    kind: 'list',
    description: 'Only items of this reference, name, title or key, with * and ?; repeatable',
    group: 'Selection',
  },
  kindFlag,
  { name: 'all', kind: 'boolean', description: 'Remove everything that nobody is using', group: 'Selection' },
]

/** hearth-executor cache prune */
export const pruneCommand: Subcommand = {
  name: 'prune',
  summary: 'Removes what a cache directory need not keep, beside running builds. Without a selection, leftovers only.',
  takes: [],
  flags: [
    ...directoryFlags,
    ...repositoryFlags,
    ...selection,
    {
      name: 'dry-run',
      kind: 'boolean',
      description: 'Print what would be removed, and remove nothing',
      group: 'Output',
    },
    formatFlag,
  ],
  async run(call) {
    const { values, log, program } = call
    const isRemote = isAboutRepository(call)
    const policyAt = readPolicy(values)
    if (isRemote) {
      await runPruneRepository(call, policyAt(new Date()))
      return 0
    }
    const directory = existingDirectory(call)
    const dryRun = values.boolean('dry-run')
    const grace = values.boolean('all') ? 0 : graceMs
    const { signal } = program
    const outcome = await pruneCache(directory, { policyAt, graceMs: grace, dryRun, patienceMs, log, signal })
    if (outcome === undefined) throw otherPrune(directory)
    program.stdout.write(isJson(call) ? outcomeJson(directory, outcome, call) : outcomeText(outcome, dryRun))
    return 0
  },
}

/** Reads what is to go. Kinds and names alone ask for all of theirs. */
export function readPolicy(values: FlagValues): (now: Date) => PrunePolicy {
  const kinds = values.list('kind') as readonly CacheItemKind[]
  const matches = matcherOf(values.list('reference'))
  const maxSize = values.bytes('max-size')
  const [maxAge, unusedFor] = ['max-age', 'unused-since'].map((name) => {
    return values.isGiven(name) ? values.milliseconds(name) : undefined
  })
  const hasLimit = maxSize !== undefined || maxAge !== undefined || unusedFor !== undefined
  const isChosen = kinds.length > 0 || matches !== undefined
  if (values.boolean('all') && (hasLimit || isChosen))
    throw wrongUsage('--all removes everything: it does not go with another selection')
  const before = (now: Date, ms: number | undefined): Date | undefined => {
    return ms === undefined ? undefined : new Date(Math.max(0, now.getTime() - ms))
  }
  return (now) => ({
    createdBefore: before(now, maxAge),
    unusedSince: before(now, unusedFor),
    maxSize,
    kinds: kinds.length === 0 ? undefined : kinds,
    matches,
    everything: values.boolean('all') || (isChosen && !hasLimit),
  })
}

const reasons: Readonly<Record<PruneReason, string>> = {
  age: 'too old',
  unused: 'unused',
  chosen: 'chosen',
  size: 'to make room',
}

/** What "cache prune" prints. */
export function outcomeText({ removals, inUse, blobs, leftovers, freed, left }: PruneOutcome, dryRun: boolean): string {
  const rows = [
    ...removals.map(({ item, why }) => [item.kind, reasons[why], shortTitle(item.title)]),
    ...inUse.map(({ kind, title }) => [kind, 'in use, stays', shortTitle(title)]),
  ]
  const items = rows.length === 0 ? '' : table([{ heading: 'KIND' }, { heading: 'WHY' }, { heading: 'TITLE' }], rows)
  const counts = [
    counted(removals.length, 'item'),
    counted(blobs.length, 'blob'),
    counted(leftovers.length, 'leftover file'),
  ]
  const [removed, free] = dryRun ? ['Would be removed', 'would be free'] : ['Removed', 'freed']
  return `${items}${removed}: ${counts.join(', ')}; ${readableSize(freed)} ${free}, ${readableSize(left)} left\n`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function outcomeJson(directory: string, outcome: PruneOutcome, { values }: SubcommandCall): string {
  const { removals, inUse, blobs, leftovers, freed, left } = outcome
  const document = {
    version: 1,
    directory,
    dryRun: values.boolean('dry-run'),
    removed: removals.map(({ item: { kind, name, title }, why }) => ({ kind, name, title, why })),
    inUse: inUse.map(({ kind, name, title }) => ({ kind, name, title })),
    blobs: blobs.map(({ digest, size }) => ({ digest, size })),
    leftovers: leftovers.map(({ path }) => path),
    freed,
    left,
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

export function otherPrune(directory: string): HearthError {
  return new HearthError({
    code: 'cache-unusable',
    message: `Another prune of ${directory} has not ended in ${patienceMs / 60_000} minutes`,
    fix: 'Wait for it to end, and try again.',
  })
}
