import type { BlobIdentity } from '../src/content/blob-writing.ts'
import { type LayoutImage, layoutFiles } from '../src/content/oci-layout.ts'
import { type Digest, splitDigest } from '../src/oci/digest.ts'
import { type Bytes, bytesOf } from '../src/stream/bytes.ts'
import { type PlainFile, packArchive } from '../src/tar/plain-archive.ts'
import type { CarriedItem } from './carried-item.ts'
import { carriedItems } from './carried-items.ts'
import { type CarryReport, CarryTally } from './carry-report.ts'
import type { ExportOptions } from './export-layout.ts'

export interface ExportArchive {
  readonly report: CarryReport
  /** A tar of an OCI layout: what it lists, then documents, then blobs. Ends early, with an error, when a blob fails. */
  open(): Bytes
}

/**
 * A cache directory as the tar of an OCI layout. Nothing in a tar can be taken back, so every blob is hashed before: those
 * that are damaged are left out with what needs them. With `dryRun` they are only looked at.
 */
export async function exportArchive(options: ExportOptions): Promise<ExportArchive> {
  const { store, dryRun, signal, log } = options
  const tally = new CarryTally()
  const listed = new Map<string, LayoutImage>()
  const documents = new Map<Digest, Uint8Array>()
  const blobs = new Map<Digest, BlobIdentity>()
  for await (const item of carriedItems({ ...options, tally })) {
    signal?.throwIfAborted()
    const damaged = dryRun ? undefined : await firstDamaged(item, options)
    if (damaged !== undefined) {
      tally.count(item.kind, 'damaged')
      log.warn(`${item.title} is left out: blob ${damaged.digest} is damaged`)
      continue
    }
    tally.count(item.kind, 'added')
    for (const image of item.listed) listed.set(`${image.name} ${image.descriptor.digest}`, image)
    for (const { descriptor, bytes } of item.documents) documents.set(descriptor.digest, bytes)
    for (const blob of item.blobs) blobs.set(blob.digest, blob)
  }
  for (const { size } of blobs.values()) tally.addBytes(size)
  const content = (blob: BlobIdentity): Bytes => store.open(blob, signal === undefined ? {} : { signal })
  const files: PlainFile[] = [
    ...layoutFiles([...listed.values()]).map(({ name, bytes }) => plain(name, bytes)),
    ...[...documents].map(([digest, bytes]) => plain(blobName(digest), bytes)),
    ...[...blobs.values()]
      .sort((one, other) => one.size - other.size)
      .map((blob) => ({ name: blobName(blob.digest), size: blob.size, content: () => content(blob) })),
  ]
  return { report: tally.report(), open: () => packArchive(files) }
}

async function firstDamaged(item: CarriedItem, { store }: ExportOptions): Promise<BlobIdentity | undefined> {
  for (const blob of item.blobs) if (!(await store.check(blob))) return blob
  return undefined
}

function plain(name: string, bytes: Uint8Array): PlainFile {
  return { name, size: bytes.byteLength, content: () => bytesOf(bytes) }
}

function blobName(digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest)
  return `blobs/${algorithm}/${hex}`
}
