import type { BlobStore } from '../src/content/blob-store.ts'
import type { BlobIdentity } from '../src/content/blob-writing.ts'
import type { OciLayout } from '../src/content/oci-layout.ts'
import { HearthError } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import type { CarryTally } from './carry-report.ts'
import type { CarrySelection } from './carry-selection.ts'

export interface ImportOptions {
  /** The cache directory; made when it is missing. */
  readonly directory: string
  readonly selection: CarrySelection
  /** Only say what would be done. */
  readonly dryRun: boolean
  readonly log: Log
  readonly signal?: AbortSignal
}

export interface ImportLayoutOptions extends ImportOptions {
  /** A directory in the OCI layout. */
  readonly layout: string
  /** Its blobs may become the cache's own files: nobody else has it, and it goes away. */
  readonly own?: boolean
}

/** What an import works with. */
export interface Import {
  readonly options: ImportLayoutOptions
  readonly source: OciLayout
  readonly store: BlobStore
  readonly tally: CarryTally
}

/** Brings a blob into the cache; with `dryRun` only checks that it could be. Counts its bytes if it was not there. */
export async function importBlob(blob: BlobIdentity, around: Import): Promise<void> {
  const { source, store, options, tally } = around
  const { dryRun, own = false, signal } = options
  if (await store.check(blob)) return
  if (dryRun) {
    if (!(await source.blobs.check(blob))) throw notThere(blob, source.blobs)
  } else await store.take(source.blobs, blob, { link: own, ...(signal === undefined ? {} : { signal }) })
  tally.addBytes(blob.size)
}

function notThere(blob: BlobIdentity, store: BlobStore): HearthError {
  return new HearthError({
    code: 'integrity',
    message: `Blob ${blob.digest} is missing or damaged`,
    where: store.pathOf(blob.digest),
  })
}
