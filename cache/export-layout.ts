import type { BlobStore } from '../src/content/blob-store.ts'
import { type LayoutImage, OciLayout } from '../src/content/oci-layout.ts'
import type { Log } from '../src/log.ts'
import type { CarriedItem } from './carried-item.ts'
import { carriedItems, noteDamaged } from './carried-items.ts'
import { type CarryReport, CarryTally } from './carry-report.ts'
import type { CarrySelection } from './carry-selection.ts'

export interface ExportOptions {
  /** The cache directory, and its blobs. */
  readonly directory: string
  readonly store: BlobStore
  readonly selection: CarrySelection
  /** Only say what would be done. */
  readonly dryRun: boolean
  readonly log: Log
  readonly signal?: AbortSignal
}

export interface ExportLayoutOptions extends ExportOptions {
  /** The directory that becomes an OCI layout, or is one: then what it lacks is added. */
  readonly target: string
  /** Give blobs a second name there, where the filesystem allows it, instead of copying them. */
  readonly link: boolean
}

/** How many items are listed at once: to list one, all of index.json is written. */
const listedAtOnce = 200

/**
 * Exports a cache directory as an OCI layout of one image for each key, named by the key, and of warmed images by their
 * references. Other tools can read and copy it, and `--cache-repo=oci:` can use it as it is. An item is listed once
 * all of it is there.
 */
export async function exportLayout(options: ExportLayoutOptions): Promise<CarryReport> {
  const { target, dryRun, signal, log } = options
  const tally = new CarryTally()
  const layout = await OciLayout.open(target, { readOnly: dryRun })
  const known = new Set((await layout.images()).map(listedAs))
  const pending: LayoutImage[] = []
  const flush = async (): Promise<void> => {
    if (pending.length > 0) await layout.add(...pending.splice(0))
  }
  try {
    for await (const item of carriedItems({ ...options, tally })) {
      signal?.throwIfAborted()
      if (item.listed.every((image) => known.has(listedAs(image))) && isWhole(item, layout.blobs)) {
        tally.count(item.kind, 'kept')
        continue
      }
      try {
        const bytes = dryRun ? missingBytes(item, layout.blobs) : await copyItem(item, layout.blobs, options)
        tally.addBytes(bytes)
        tally.count(item.kind, 'added')
        for (const image of item.listed) {
          if (!dryRun && !known.has(listedAs(image))) pending.push(image)
          known.add(listedAs(image))
        }
      } catch (error) {
        signal?.throwIfAborted()
        await reviewSource(item, options)
        noteDamaged(error, item.kind, { title: item.title, tally, log })
      }
      if (pending.length >= listedAtOnce) await flush()
    }
  } finally {
    await flush()
    if (!dryRun) layout.blobs.tidy()
  }
  return tally.report()
}

function listedAs({ name, descriptor }: LayoutImage): string {
  return `${descriptor.digest} ${name ?? ''}`
}

/** By size only: to carry a little more must not cost reading all that was carried before. An import checks the rest. */
function isWhole(item: CarriedItem, blobs: BlobStore): boolean {
  return [...item.documents.map(({ descriptor }) => descriptor), ...item.blobs].every((blob) => blobs.has(blob))
}

function missingBytes(item: CarriedItem, blobs: BlobStore): number {
  return item.blobs.filter((blob) => !blobs.has(blob)).reduce((sum, { size }) => sum + size, 0)
}

/** Gives how many bytes of blobs were not there. */
async function copyItem(item: CarriedItem, blobs: BlobStore, options: ExportLayoutOptions): Promise<number> {
  const { store, link, signal } = options
  let bytes = 0
  for (const blob of item.blobs) {
    if (blobs.has(blob)) continue
    await blobs.take(store, blob, { link, ...(signal === undefined ? {} : { signal }) })
    bytes += blob.size
  }
  for (const document of item.documents) {
    if (!blobs.has(document.descriptor)) await blobs.writeBytes(document.bytes)
  }
  return bytes
}

/** Lets the cache find out what is damaged in it, so that the next build makes it anew. */
async function reviewSource(item: CarriedItem, { store }: ExportOptions): Promise<void> {
  for (const blob of item.blobs) await store.check(blob).catch(() => false)
}
