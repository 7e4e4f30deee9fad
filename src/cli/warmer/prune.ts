import { indexWarmImages } from '../../../cache/image-index.ts'
import { type ImageItem, listImages } from '../../../cache/image-items.ts'
import { openImages } from '../../../warmer/open-images.ts'
import { chooseUnwanted, type PruneChoice } from '../../../warmer/prune-choice.ts'
import { readableSize } from '../../../warmer/readable-size.ts'
import type { Flag } from '../flags/flag.ts'
import type { FlagValues } from '../flags/flag-values.ts'
import { wrongUsage } from '../flags/usage.ts'
import { warmDirectoryFlags } from '../flags/warmer-flags.ts'
import type { Subcommand, SubcommandCall } from '../subcommand.ts'
import { existingDirectory } from './existing-directory.ts'
import { formatFlag } from './format-flag.ts'
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
  if (!isDry) await openImages(directory, { ttlMs: choice.ttlMs, log })
  const items = await listImages(directory)
  const unwanted = chooseUnwanted(items, choice, new Date())
  const removed = isDry ? unwanted : await removeAll(unwanted, call)
  if (!isDry) await indexWarmImages(directory, log)
  const rest = items.filter((item) => !removed.includes(item))
  const bytes = totalSize(items) - totalSize(rest)
  if (values.text('format') === 'json') {
    const images = removed.map(({ reference, platform, manifest }) => ({
      reference,
      platform,
      digest: manifest.digest,
    }))
    program.stdout.write(`${JSON.stringify({ dryRun: isDry, bytes, images }, undefined, 2)}\n`)
  } else for (const { title } of removed) program.stdout.write(`${title}\n`)
  log.info(summary(removed.length, bytes, isDry))
  return 0
}

async function removeAll(unwanted: readonly ImageItem[], { log, program }: SubcommandCall): Promise<ImageItem[]> {
  const removed: ImageItem[] = []
  for (const item of unwanted) {
    program.signal.throwIfAborted()
    if (await item.remove()) removed.push(item)
    else log.info(`${item.title} stays: a warmer has just resolved it anew`)
  }
  return removed
}

function summary(count: number, bytes: number, isDry: boolean): string {
  const images = countText(count)
  if (isDry) return `${images} would be removed, and ${readableSize(bytes)} of no warmed image any more`
  if (count === 0) return 'nothing to remove'
  return `${images} removed; ${readableSize(bytes)} of blobs are of no warmed image any more`
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
