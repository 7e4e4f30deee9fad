import { type ImageItem, listImages } from '../../../cache/image-items.ts'
import { type ImageState, stateOf } from '../../../warmer/image-state.ts'
import { readableSize } from '../../../warmer/readable-size.ts'
import { shortDigest } from '../../../warmer/report-table.ts'
import { tableLines } from '../../../warmer/table.ts'
import { BlobStore } from '../../content/blob-store.ts'
import { existingDirectory } from '../existing-directory.ts'
import { formatFlag } from '../flags/format-flag.ts'
import { warmDirectoryFlags } from '../flags/warmer-flags.ts'
import type { Subcommand, SubcommandCall } from '../subcommand.ts'
import { countText, totalSize } from './totals.ts'

/** "hearth-warmer ls" */
export const listCommand: Subcommand = {
  name: 'ls',
  summary: 'Lists the warmed images of a cache directory.',
  takes: [],
  flags: [...warmDirectoryFlags, formatFlag],
  run: list,
}

async function list(call: SubcommandCall): Promise<number> {
  const { values, log, program } = call
  const directory = existingDirectory(call)
  const store = BlobStore.open(directory, { readOnly: true })
  const items = await listImages(directory)
  const time = { ttlMs: values.milliseconds('cache-ttl'), now: new Date() }
  const images = items.map((item) => describe(item, stateOf(item, time), store))
  if (values.text('format') === 'json') program.stdout.write(`${JSON.stringify(images, undefined, 2)}\n`)
  else if (images.length > 0) program.stdout.write(`${tableLines(titles, images.map(cellsOf)).join('\n')}\n`)
  log.info(`${countText(items.length)}, ${readableSize(totalSize(items))}`)
  return 0
}

/** An image as "ls --format json" shows it. */
interface ShownImage {
  readonly reference: string
  readonly platform: string
  readonly digest: string
  readonly resolved: string | null
  readonly layers: number | null
  /** Bytes of all its blobs, whoever else needs them. */
  readonly size: number
  readonly state: ImageState
  /** Every blob is there with the right size. */
  readonly whole: boolean
  readonly resolvedAt: string | null
  /** When a build or a warmer has looked for it last. */
  readonly lastUsed: string
}

function describe(item: ImageItem, state: ImageState, store: BlobStore): ShownImage {
  const { reference, platform, manifest, resolved, layers, blobs, resolvedAt, lastUsed } = item
  return {
    reference,
    platform,
    digest: manifest.digest,
    resolved: resolved ?? null,
    layers: layers?.length ?? null,
    size: blobs.reduce((sum, { size }) => sum + size, 0),
    state,
    whole: layers !== undefined && blobs.every((blob) => store.has(blob)),
    resolvedAt: resolvedAt?.toISOString() ?? null,
    lastUsed: lastUsed.toISOString(),
  }
}

const titles = ['IMAGE', 'PLATFORM', 'DIGEST', 'LAYERS', 'SIZE', 'STATE', 'RESOLVED', 'LAST USED']

function cellsOf(image: ShownImage): readonly string[] {
  const { reference, platform, digest, layers, size, state, whole, resolvedAt, lastUsed } = image
  const count = layers === null ? '-' : String(layers)
  const shown = whole ? state : `${state}, not whole`
  const isBare = reference === digest
  const name = isBare ? shortDigest(reference) : reference
  const times = [resolvedAt === null ? '-' : shortTime(resolvedAt), shortTime(lastUsed)]
  return [name, platform === '' ? '-' : platform, shortDigest(digest), count, readableSize(size), shown, ...times]
}

/** "2026-03-01T12:00Z" */
function shortTime(iso: string): string {
  return `${iso.slice(0, 16)}Z`
}
