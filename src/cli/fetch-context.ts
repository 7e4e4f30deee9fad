import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { contextDirectory } from '../context/context-directory.ts'
import { isInside } from '../context/steering-file.ts'
import { HearthError } from '../errors.ts'
import { shownAddress } from '../git/address.ts'
import { fetchTree, type GitAccess } from '../git/repository.ts'
import type { Log } from '../log.ts'
import { contextRepository, keepsGitDirectory } from './context-repository.ts'
import type { ExecutorOptions } from './executor-options.ts'

export interface ContextFiles {
  /** Absolute. */
  readonly directory: string
  /** What messages call it, unless by its directory. */
  readonly title?: string
}

/** The directory of the build context: where it is, or where its repository is fetched to, below the work directory. */
export async function fetchContext(
  options: ExecutorOptions,
  { access, workDir, log }: { readonly access: GitAccess; readonly workDir: string; readonly log: Log },
): Promise<ContextFiles> {
  const { context, contextSubPath, environment, git } = options
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

/** No symlink of the context leads out of it. */
function subDirectory(directory: string, subPath: string | undefined): string {
  if (subPath === undefined) return directory
  const flag = '--context-sub-path'
  const found = contextDirectory({ context: join(directory, subPath), cwd: '/', flag })
  if (isInside(realpathSync.native(found), realpathSync.native(directory))) return found
  throw new HearthError({ code: 'context-missing', message: `${flag} ${subPath} leads out of the context` })
}
