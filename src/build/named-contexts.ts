import { mkdir } from 'node:fs/promises'
import { type BuildContext, openContext, warnOfOwn } from '../context/open-context.ts'
import type { OwnPath } from '../context/own-paths.ts'
import { isWebAddress } from '../dockerfile/web-address.ts'
import { HearthError } from '../errors.ts'
import { isGit, parseGitAddress, shownAddress } from '../git/address.ts'
import type { GitSources } from '../git/sources.ts'
import type { HttpClient } from '../http/http-client.ts'
import type { Log } from '../log.ts'
import { contextName, contextNamed, type FilesContext, type NamedContexts } from '../plan/named-contexts.ts'
import type { Origin } from '../plan/step.ts'
import { extractArchive } from '../rootfs/extract.ts'
import type { SelectedSource } from '../rootfs/selected-source.ts'
import { rawPath } from '../tar/raw-path.ts'
import type { BuildRooms } from './rooms.ts'
import { isArchive, readArchive } from './steps/archive.ts'
import { download } from './steps/download.ts'

/** The files that names given with --build-context stand for. */
export interface NamedContextFiles {
  /** What is there of a name; an archive or repository is fetched by the first call. */
  open(name: string): Promise<BuildContext>
}

export interface NamedContextOptions {
  readonly contexts: NamedContexts
  readonly http: HttpClient
  readonly git: GitSources
  /** Existing directory for what is downloaded. */
  readonly workDir: string
  /** What the build writes, which is no part of any context. */
  readonly own: readonly OwnPath[]
  readonly log: Log
  readonly signal?: AbortSignal
}

/** Directories are opened at once, so that one that is missing is known before anything is built. */
export async function openNamedContexts(options: NamedContextOptions): Promise<NamedContextFiles> {
  const opened = new Map<string, Promise<BuildContext>>()
  for (const [name, context] of options.contexts) {
    if (context.kind === 'files' && !isWebAddress(context.place) && !isGit(context.place)) {
      opened.set(name, Promise.resolve(await openDirectory({ name: context.name, directory: context.place }, options)))
    }
  }
  return {
    open(name) {
      const key = contextName(name)
      const known = opened.get(key)
      if (known !== undefined) return known
      const context = contextNamed(options.contexts, name)
      if (context?.kind !== 'files') throw new TypeError(`${name} is not the name of files`)
      const fetched = isGit(context.place)
        ? openRepository(context, options)
        : openArchive({ name: context.name, url: new URL(context.place) }, options)
      opened.set(key, fetched)
      return fetched
    },
  }
}

/** The files an origin names: the build context's own, or those of a named one. */
export async function contextOf(
  origin: Origin & { readonly kind: 'context' },
  rooms: BuildRooms,
): Promise<BuildContext> {
  return origin.name === undefined ? rooms.context : rooms.namedContexts.open(origin.name)
}

interface Directory {
  readonly name: string
  readonly directory: string
  /** Where it comes from, for messages; the directory itself unless given. */
  readonly place?: string
}

async function openDirectory(
  { name, directory, place }: Directory,
  { own, log }: NamedContextOptions,
): Promise<BuildContext> {
  const title = `the context ${name} (${place ?? directory})`
  const context = await openContext({ context: directory, cwd: '/', own, flag: `--build-context ${name}`, title })
  warnOfOwn(context, log)
  return context
}

async function openRepository({ name, place }: FilesContext, options: NamedContextOptions): Promise<BuildContext> {
  const address = parseGitAddress(place)
  const { keepGitDirectory = false, submodules = true } = address.wishes
  options.log.info(`Fetching the context ${name} from ${shownAddress(address)}`)
  try {
    const { directory } = await options.git.tree(address, { keepGitDirectory, submodules, depth: 1 })
    return await openDirectory({ name, directory, place: shownAddress(address) }, options)
  } catch (error) {
    throw error instanceof HearthError ? error.at(`--build-context ${name}`) : error
  }
}

interface Archive {
  readonly name: string
  readonly url: URL
}

async function openArchive({ name, url }: Archive, options: NamedContextOptions): Promise<BuildContext> {
  const { http, workDir, log, signal } = options
  const abort = signal === undefined ? {} : { signal }
  const where = `--build-context ${name}`
  const place = `${url.protocol}//${url.host}${url.pathname}`
  log.info(`Downloading the context ${name} from ${place}`)
  try {
    const file = await download(url, { http, directory: workDir, ...abort })
    const source: SelectedSource = {
      root: file.directory,
      path: rawPath(file.name),
      name: rawPath(file.name),
      isDirectory: false,
    }
    if (!(await isArchive(source))) throw noArchive(place)
    const directory = `${file.directory}/files`
    await mkdir(directory, { mode: 0o755 })
    await extractArchive(directory, rawPath(''), readArchive(source), { log, ...abort })
    return await openDirectory({ name, directory, place }, options)
  } catch (error) {
    throw error instanceof HearthError ? error.at(where) : error
  }
}

function noArchive(place: string): HearthError {
  return new HearthError({
    code: 'context-unsupported',
    message: `What ${place} delivers is no tar archive`,
    fix: 'Give the address of a tar archive, plain or compressed with gzip or zstd.',
  })
}
