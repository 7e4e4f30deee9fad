import { join } from 'node:path'
import { writeFileAtomically } from '../src/content/atomic-file.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { HearthError } from '../src/errors.ts'
import { asRecord, parseJson } from '../src/oci/descriptor.ts'
import { type Digest, digestOf, parseDigest, splitDigest } from '../src/oci/digest.ts'
import { readSmallFile } from './entry-file.ts'
import { canonicalJson } from './key.ts'

/** What an address delivered, with what its server tells versions apart by. */
export interface DownloadNote {
  readonly digest: Digest
  /** The server's ETag, as it came. */
  readonly etag: string | undefined
  /** The server's Last-Modified, as it came, where it can be relied on. */
  readonly lastModified: string | undefined
}

export interface DownloadNotesOptions {
  /** The cache directory. */
  readonly directory: string
  readonly readOnly: boolean
}

/** Remembers in a cache directory what addresses delivered, so that a server can say that nothing has changed. */
export class DownloadNotes {
  readonly #options: DownloadNotesOptions

  constructor(options: DownloadNotesOptions) {
    this.#options = options
  }

  /** Undefined when nothing is known of an address, or what is known is damaged. */
  async read(address: string): Promise<DownloadNote | undefined> {
    try {
      const bytes = await readSmallFile(this.#pathOf(address), maxNoteSize)
      return bytes === undefined ? undefined : parseNote(bytes, address)
    } catch {
      return undefined
    }
  }

  /** What cannot be written is asked for again next time. */
  async write(address: string, note: DownloadNote): Promise<void> {
    if (this.#options.readOnly) return
    try {
      makeDirectoryIn(this.#options.directory, 'downloads')
      await writeFileAtomically(this.#pathOf(address), noteBytes(address, note))
    } catch {
      return
    }
  }

  #pathOf(address: string): string {
    return join(this.#options.directory, 'downloads', `${splitDigest(digestOf(address)).hex}.json`)
  }
}

/** In bytes. */
const maxNoteSize = 64 << 10

function noteBytes(address: string, { digest, etag, lastModified }: DownloadNote): Uint8Array {
  const content = {
    version: 1,
    // An address may hold what nobody else is to read.
    address: digestOf(address),
    digest,
    etag: etag ?? null,
    lastModified: lastModified ?? null,
  }
  const checksum = digestOf(canonicalJson(content))
  return new TextEncoder().encode(canonicalJson({ ...content, checksum }))
}

function parseNote(bytes: Uint8Array, address: string): DownloadNote {
  const o = asRecord(parseJson(bytes, 'download note'), 'download note')
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  const note = {
    digest: parseDigest(text(o.digest) ?? ''),
    etag: text(o.etag),
    lastModified: text(o.lastModified),
  }
  if (Buffer.from(noteBytes(address, note)).equals(bytes)) return note
  throw new HearthError({ code: 'cache-unusable', message: 'A note about a download is damaged' })
}
