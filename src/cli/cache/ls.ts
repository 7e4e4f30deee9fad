import type { CacheItem } from '../../../cache/cache-item.ts'
import { type Inventory, takeInventory } from '../../../cache/inventory.ts'
import type { Digest } from '../../oci/digest.ts'
import { existingDirectory } from '../existing-directory.ts'
import type { FlagValues } from '../flags/flag-values.ts'
import { formatFlag } from '../flags/format-flag.ts'
import type { Subcommand, SubcommandCall } from '../subcommand.ts'
import { directoryFlags, isJson, kindFlag } from './cache-flags.ts'
import { matcherOf } from './name-patterns.ts'
import { readableAge, readableSize, shortName, shortTitle } from './readable.ts'
import { table } from './table.ts'

const orders: Readonly<Record<string, (a: ListedItem, b: ListedItem) => number>> = {
  used: (a, b) => b.item.lastUsed.getTime() - a.item.lastUsed.getTime(),
  created: (a, b) => b.item.created.getTime() - a.item.created.getTime(),
  size: (a, b) => b.size - a.size,
  hits: (a, b) => (b.item.hits ?? 0) - (a.item.hits ?? 0),
  name: () => 0,
}

/** hearth-executor cache ls */
export const lsCommand: Subcommand = {
  name: 'ls',
  summary: 'Lists what a cache directory keeps.',
  takes: [],
  flags: [
    ...directoryFlags,
    kindFlag,
    {
      name: 'name',
      kind: 'list',
      description: 'Only items of this reference, name, title or key, with * and ?; repeatable',
      group: 'Selection',
    },
    {
      name: 'sort',
      kind: 'text',
      default: 'used',
      choices: Object.keys(orders),
      description: 'What stands at the top: used last, created last, the largest, most hits',
      group: 'Output',
    },
    { name: 'blobs', kind: 'boolean', description: 'List blobs, each with what keeps it', group: 'Output' },
    formatFlag,
  ],
  async run(call) {
    const directory = existingDirectory(call)
    const inventory = await takeInventory(directory)
    const items = listedItems(inventory, call.values)
    const { stdout } = call.program
    if (call.values.boolean('blobs')) {
      const blobs = listedBlobs(inventory, items, call)
      stdout.write(isJson(call) ? document({ directory, blobs: blobs.map(blobJson) }) : blobTable(blobs))
    } else
      stdout.write(isJson(call) ? document({ directory, items: items.map(itemJson) }) : itemTable(items, new Date()))
    return 0
  },
}

/** An item with all the bytes that it keeps on the disk. */
interface ListedItem {
  readonly item: CacheItem
  readonly size: number
}

function listedItems({ items, blobs }: Inventory, values: FlagValues): readonly ListedItem[] {
  const kinds = values.list('kind')
  const matches = matcherOf(values.list('name'))
  const chosen = items.filter((item) => (kinds.length === 0 || kinds.includes(item.kind)) && matches?.(item) !== false)
  const listed = chosen.map((item): ListedItem => {
    const digests = new Set(item.blobs.map(({ digest }) => digest))
    return { item, size: [...digests].reduce((sum, digest) => sum + (blobs.get(digest)?.size ?? 0), item.size) }
  })
  const byName = (a: ListedItem, b: ListedItem): number => (a.item.title < b.item.title ? -1 : 1)
  return listed.sort((a, b) => orders[values.text('sort')]?.(a, b) || byName(a, b))
}

interface ListedBlob {
  readonly digest: Digest
  readonly size: number
  readonly keptBy: readonly CacheItem[]
}

/** All of them; where items are chosen, those that one of these keeps. */
function listedBlobs(
  { items, blobs }: Inventory,
  chosen: readonly ListedItem[],
  { values }: SubcommandCall,
): readonly ListedBlob[] {
  const keepers = new Map<Digest, Set<CacheItem>>()
  for (const item of items) {
    for (const { digest } of item.blobs) keepers.set(digest, (keepers.get(digest) ?? new Set()).add(item))
  }
  const isWanted = new Set(chosen.map(({ item }) => item))
  const isFiltered = values.isGiven('kind') || values.isGiven('name')
  const listed = [...blobs.values()].map(({ digest, size }): ListedBlob => {
    return { digest, size, keptBy: [...(keepers.get(digest) ?? [])] }
  })
  const wanted = isFiltered ? listed.filter(({ keptBy }) => keptBy.some((item) => isWanted.has(item))) : listed
  return wanted.sort((a, b) => b.size - a.size || (a.digest < b.digest ? -1 : 1))
}

/** The table of "cache ls". */
export function itemTable(items: readonly ListedItem[], now: Date): string {
  const columns = [
    { heading: 'KIND' },
    { heading: 'SIZE', align: 'right' },
    { heading: 'AGE', align: 'right' },
    { heading: 'USED', align: 'right' },
    { heading: 'HITS', align: 'right' },
    { heading: 'NAME' },
    { heading: 'TITLE' },
  ] as const
  const rows = items.map(({ item, size }) => {
    const ages = [item.created, item.lastUsed].map((time) => readableAge(time, now))
    const hits = item.hits === undefined ? '-' : String(item.hits)
    const name = item.kind === 'image' ? '-' : shortName(item.name)
    return [item.kind, readableSize(size), ...ages, hits, name, shortTitle(item.title)]
  })
  return table(columns, rows)
}

/** The table of "cache ls --blobs". */
export function blobTable(blobs: readonly ListedBlob[]): string {
  const rows = blobs.flatMap(({ digest, size, keptBy }) => {
    const [first = 'nothing', ...more] = keptBy.map(({ kind, title }) => `${kind} ${shortTitle(title)}`)
    return [[digest, readableSize(size), first], ...more.map((keeper) => ['', '', keeper])]
  })
  return table([{ heading: 'BLOB' }, { heading: 'SIZE', align: 'right' }, { heading: 'KEPT BY' }], rows)
}

function itemJson({ item, size }: ListedItem): unknown {
  const { kind, name, title, created, lastUsed, hits = null, blobs } = item
  return { kind, name, title, size, created, lastUsed, hits, blobs: blobs.map(({ digest }) => digest) }
}

function blobJson({ digest, size, keptBy }: ListedBlob): unknown {
  return { digest, size, keptBy: keptBy.map(({ kind, name, title }) => ({ kind, name, title })) }
}

function document(fields: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ version: 1, ...fields }, undefined, 2)}\n`
}
