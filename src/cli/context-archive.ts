import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { isWebAddress } from '../dockerfile/web-address.ts'
import { HearthError, messageOf, systemCode } from '../errors.ts'
import { isGit } from '../git/address.ts'
import { discardBody, type HttpClient } from '../http/http-client.ts'
import { requestFile } from '../http/request-file.ts'
import { TransportError } from '../http/transport-error.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { StandardInput } from './program.ts'

/** Where a context that is one archive comes from. */
export type ContextArchive =
  | { readonly kind: 'stdin' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'web'; readonly url: URL }

/** The archive that a --context names; undefined when it names something else. "tar://stdin" is standard input, as kaniko has it. */
export function contextArchive(context: string, cwd: string): ContextArchive | undefined {
  if (/^tar:\/\//i.test(context)) {
    const path = context.slice('tar://'.length)
    return path === 'stdin' ? { kind: 'stdin' } : { kind: 'file', path: resolve(cwd, path) }
  }
  if (!isWebAddress(context) || isGit(context)) return undefined
  const url = URL.parse(context)
  return url === null ? undefined : { kind: 'web', url }
}

/** What messages call it. */
export function archivePlace(archive: ContextArchive): string {
  if (archive.kind === 'stdin') return 'standard input'
  return archive.kind === 'file' ? archive.path : `${archive.url.protocol}//${archive.url.host}${archive.url.pathname}`
}

export interface ArchiveAccess {
  readonly http: HttpClient
  readonly stdin: StandardInput
  readonly signal: AbortSignal
}

/** Its bytes as they come. Errors are HearthErrors "context-missing". */
export function openContextArchive(archive: ContextArchive, access: ArchiveAccess): Bytes {
  switch (archive.kind) {
    case 'stdin':
      return openStdin(access.stdin)
    case 'file':
      return openFile(archive.path)
    case 'web':
      return openWeb(archive.url, access)
  }
}

function openStdin(stdin: StandardInput): Bytes {
  if (!stdin.isTerminal()) return stdin.open()
  throw new HearthError({
    code: 'context-missing',
    message: 'There is no build context on standard input',
    why: 'it is a terminal',
    fix: 'Pipe an archive into the command: tar -cz . | hearth-executor --context tar://stdin. In a container, run it with -i.',
  })
}

async function* openFile(path: string): Bytes {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 20 }) as Bytes
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    throw missing(path, messageOf(error), error)
  }
}

async function* openWeb(url: URL, { http, signal }: ArchiveAccess): Bytes {
  const place = archivePlace({ kind: 'web', url })
  try {
    const response = await requestFile(url, { http, signal })
    if (response.status === 200) return yield* response.body
    await discardBody(response)
    throw missing(place, `the answer of ${response.url.host} is ${response.status}`)
  } catch (error) {
    throw error instanceof TransportError ? missing(place, error.message, error) : error
  }
}

function missing(place: string, why: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'context-missing',
    message: `The build context ${place} cannot be read`,
    why,
    fix: 'Check that --context names an archive that can be read from here.',
    cause,
  })
}
