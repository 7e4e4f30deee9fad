import type { DownloadNotes } from '../../../cache/download-notes.ts'
import { HearthError } from '../../errors.ts'
import type { HttpClient } from '../../http/http-client.ts'
import type { Digest } from '../../oci/digest.ts'
import { type Downloaded, type DownloadOptions, download, isUnchanged, nameInUrl } from './download.ts'

/** One file from the web. Nothing is asked of its server before somebody wants to know something. */
export interface WebFile {
  readonly kind: 'remote'
  readonly url: URL
  /** The name its address gives it. */
  readonly name: string
  /** What its bytes hash to: as --checksum or the server says where one of them does, else once they have been downloaded. */
  readonly digest: () => Promise<Digest>
  /** Downloads at the first call. */
  readonly fetch: () => Promise<Downloaded>
}

export interface WebSurroundings {
  readonly http: HttpClient
  /** What addresses delivered before, if somebody keeps it. */
  readonly notes: DownloadNotes | undefined
  /** Existing directory for downloads. */
  readonly downloads: string
  readonly signal?: AbortSignal
}

/** `checksum` is what the bytes must hash to: with it, nothing is downloaded before the file is needed. */
export function webFile(address: string, checksum: Digest | undefined, around: WebSurroundings): WebFile {
  const url = URL.parse(address)
  if (url === null) throw new HearthError({ code: 'add-download', message: `${address} is not a valid address` })
  const { http, downloads: directory, notes, signal } = around
  const common = { http, directory, ...(signal === undefined ? {} : { signal }) }
  const options: DownloadOptions = checksum === undefined ? common : { ...common, checksum }
  let downloaded: Promise<Downloaded> | undefined
  let noted: Promise<Digest | undefined> | undefined
  const get = async (): Promise<Downloaded> => {
    const file = await download(url, options)
    const { etag, lastModified, digest } = file
    if (etag !== undefined || lastModified !== undefined) await notes?.write(address, { etag, lastModified, digest })
    const promised = await noted
    // What a key was made of must be what is copied.
    if (promised !== undefined && promised !== digest) throw changed(url)
    return file
  }
  const fetch = (): Promise<Downloaded> => {
    downloaded ??= get()
    return downloaded
  }
  const look = async (): Promise<Digest | undefined> => {
    const note = await notes?.read(address)
    return note !== undefined && (await isUnchanged(url, note, options)) ? note.digest : undefined
  }
  const digest = async (): Promise<Digest> => {
    if (checksum !== undefined) return checksum
    if (downloaded === undefined) noted ??= look()
    return (await noted) ?? (await fetch()).digest
  }
  return { kind: 'remote', url, name: nameInUrl(url), digest, fetch }
}

function changed(url: URL): HearthError {
  return new HearthError({
    code: 'add-download',
    message: `${url.protocol}//${url.host}${url.pathname} is not what its server said it was`,
    why: 'it has changed during the build, or the server says "unchanged" of what has changed',
    fix: 'Build again.',
  })
}
