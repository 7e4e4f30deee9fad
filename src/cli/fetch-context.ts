import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { getegid, geteuid } from 'node:process'
import { contextDirectory } from '../context/context-directory.ts'
import { isInside } from '../context/steering-file.ts'
import { unpackContext } from '../context/unpack-context.ts'
import { HearthError } from '../errors.ts'
import { shownAddress } from '../git/address.ts'
import { fetchTree, type GitAccess } from '../git/repository.ts'
import type { Log } from '../log.ts'
import { archivePlace, type ContextArchive, contextArchive, openContextArchive } from './context-archive.ts'
import { contextRepository, keepsGitDirectory } from './context-repository.ts'
import type { ExecutorOptions } from './executor-options.ts'
import type { StandardInput } from './program.ts'

/** What a context may be fetched with. */
export interface ContextAccess {
  readonly access: GitAccess
  readonly stdin: StandardInput
  readonly workDir: string
  readonly log: Log
}

export interface ContextFiles {
  /** Absolute. */
  readonly directory: string
  /** What messages call it, unless by its directory. */
  readonly title?: string
}

/** The directory of the build context: where it is, or where its repository is fetched to, below the work directory. */
export async function fetchContext(options: ExecutorOptions, around: ContextAccess): Promise<ContextFiles> {
  const { context, contextSubPath, environment, git } = options
  const { access, workDir, log } = around
  const archive = contextArchive(context, environment.cwd)
  if (archive !== undefined) return fetchArchive(archive, options, around)
  const address = contextRepository(options)
  if (address === undefined) {
    return { directory: subDirectory(contextDirectory({ context, cwd: environment.cwd }), contextSubPath) }
  }
  const place = shownAddress(address)
  log.info(`Fetching the build context from ${place}`)
  const { directory, commit } = await fetchTree(address, {
    ...access,
    workDir,
    submodules: address.wishes.submodules ?? git.submodules,
    keepGitDirectory: keepsGitDirectory(options, address),
    depth: git.depth,
  })
  log.info(`The build context is the commit ${commit}`)
  return { directory: subDirectory(directory, contextSubPath), title: `the build context ${place}` }
}

/** Where the files of an archive are unpacked. */
export function fetchedContext(workDir: string): string {
  return join(workDir, 'context')
}

async function fetchArchive(
  archive: ContextArchive,
  { contextSubPath }: ExecutorOptions,
  { access, stdin, workDir, log }: ContextAccess,
): Promise<ContextFiles> {
  const { http, signal = new AbortController().signal } = access
  const place = archivePlace(archive)
  const directory = fetchedContext(workDir)
  const owner = { uid: geteuid?.() ?? 0, gid: getegid?.() ?? 0 }
  log.info(`Unpacking the build context from ${place}`)
  await unpackContext(openContextArchive(archive, { http, stdin, signal }), { directory, place, owner, log, signal })
  return { directory: subDirectory(directory, contextSubPath), title: `the build context ${place}` }
}

/** No symlink of the context leads out of it. */
function subDirectory(directory: string, subPath: string | undefined): string {
  if (subPath === undefined) return directory
  const flag = '--context-sub-path'
  const found = contextDirectory({ context: join(directory, subPath), cwd: '/', flag })
  if (isInside(realpathSync.native(found), realpathSync.native(directory))) return found
  throw new HearthError({ code: 'context-missing', message: `${flag} ${subPath} leads out of the context` })
}
