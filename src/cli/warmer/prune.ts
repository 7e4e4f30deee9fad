import { indexWarmImages } from '../../../cache/image-index.ts'
import { type ImageItem, listImages } from '../../../cache/image-items.ts'
import { graceMs } from '../../../cache/limits.ts'
import { pruneCache } from '../../../cache/prune.ts'
import type { PrunePolicy } from '../../../cache/prune-plan.ts'
import { openImages } from '../../../warmer/open-images.ts'
import { chooseUnwanted, type PruneChoice } from '../../../warmer/prune-choice.ts'
import { readableSize } from '../../../warmer/readable-size.ts'
import { otherPrune, patienceMs } from '../cache/prune.ts'
import { existingDirectory } from '../existing-directory.ts'
import type { Flag } from '../flags/flag.ts'
import type { FlagValues } from '../flags/flag-values.ts'
import { formatFlag } from '../flags/format-flag.ts'
import { wrongUsage } from '../flags/usage.ts'
import { warmDirectoryFlags } from '../flags/warmer-flags.ts'
import type { Subcommand, SubcommandCall } from '../subcommand.ts'
import { countText, totalSize } from './totals.ts'

const group = 'What to remove'

const choiceFlags: readonly Flag[] = [
  {
    name: 'reference',
    kind: 'list',
    description: 'Only images whose reference or repository this matches, * standing for any characters; repeatable',
    group,
  },
  { name: 'expired', kind: 'boolean', description: 'Images whose tag was resolved longer ago than --cache-ttl', group },
  { name: 'replaced', kind: 'boolean', description: 'Images whose tag means another image by now', group },
  {
    name: 'unused-since',
    kind: 'duration',
    default: '0',
    description: 'Images that no build and no warmer has wanted for so long',
    group,
  },
  { name: 'all', kind: 'boolean', description: 'All images', group },
  { name: 'dry-run', kind: 'boolean', description: 'Only say what would be removed', group },
]

/** "hearth-warmer prune" */
export const pruneCommand: Subcommand = {
  name: 'prune',
  summary: 'Removes warmed images from a cache directory.',
  takes: [],
  flags: [...warmDirectoryFlags, ...choiceFlags, formatFlag],
  run: prune,
}

async function prune(call: SubcommandCall): Promise<number> {
  const { values, log, program } = call
  const choice = readChoice(values)
  const directory = existingDirectory(call)
  const isDry = values.boolean('dry-run')
  // Says at once where nothing can be changed.
  if (!isDry) (await openImages(directory, { ttlMs: choice.ttlMs, log })).close()
  const items = await listImages(directory)
  const unwanted = chooseUnwanted(items, choice, new Date())
  const { removed, freed } = isDry ? { removed: unwanted, freed: 0 } : await removeAll(unwanted, directory, call)
  if (!isDry) await indexWarmImages(directory, log)
  const rest = items.filter((item) => !removed.includes(item))
  const bytes = totalSize(items) - totalSize(rest)
  if (values.text('format') === 'json') {
    const images = removed.map(({ reference, platform, manifest }) => ({
      reference,
      platform,
      digest: manifest.digest,
    }))
    program.stdout.write(`${JSON.stringify({ dryRun: isDry, bytes, freed, images }, undefined, 2)}\n`)
  } else for (const { title } of removed) program.stdout.write(`${title}\n`)
  log.info(isDry ? forecast(removed.length, bytes) : summary(removed.length, freed))
  return 0
}

/** Removes these images, and the blobs that nothing keeps then. */
async function removeAll(
  unwanted: readonly ImageItem[],
  directory: string,
  { log, program: { signal } }: SubcommandCall,
): Promise<{ readonly removed: readonly ImageItem[]; readonly freed: number }> {
  const titles = new Set(unwanted.map(({ title }) => title))
  const policy: PrunePolicy = { kinds: ['image'], matches: ({ title }) => titles.has(title), everything: true }
  const outcome = await pruneCache(directory, {
    ...{ graceMs, patienceMs, log, signal },
    dryRun: false,
    policyAt: () => policy,
  })
  if (outcome === undefined) throw otherPrune(directory)
  const { removals, inUse, freed } = outcome
  for (const { title } of inUse) log.info(`${title} stays: it is in use, or has just been resolved anew`)
  const gone = new Set(removals.map(({ item }) => item.title))
  return { removed: unwanted.filter(({ title }) => gone.has(title)), freed }
}

function forecast(count: number, bytes: number): string {
  return `${countText(count)} would be removed, and ${readableSize(bytes)} of no warmed image any more`
}

function summary(count: number, freed: number): string {
  return count === 0 ? 'nothing to remove' : `${countText(count)} removed, ${readableSize(freed)} freed`
}

function readChoice(values: FlagValues): PruneChoice {
  const unused = values.isGiven('unused-since') ? values.milliseconds('unused-since') : undefined
  const choice: PruneChoice = {
    all: values.boolean('all'),
    references: values.list('reference'),
    expired: values.boolean('expired'),
    replaced: values.boolean('replaced'),
    unusedMs: unused,
    ttlMs: values.milliseconds('cache-ttl'),
  }
  const reasons = [choice.all, choice.references.length > 0, choice.expired, choice.replaced, unused !== undefined]
  if (reasons.includes(true)) return choice
  throw wrongUsage('nothing says what to remove', 'Give --expired, --replaced, --unused-since, --reference or --all.')
}
