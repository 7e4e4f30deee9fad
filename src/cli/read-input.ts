import { resolve } from 'node:path'
import { type NamedContextFiles, openNamedContexts } from '../build/named-contexts.ts'
import { noDownloads } from '../build/no-downloads.ts'
import { noRepositories } from '../build/no-repositories.ts'
import { type BuildContext, openContext, warnOfOwn } from '../context/open-context.ts'
import type { Dockerfile } from '../dockerfile/dockerfile.ts'
import { parseDockerfile } from '../dockerfile/parse.ts'
import type { GitAccess } from '../git/repository.ts'
import { type GitSources, gitSources } from '../git/sources.ts'
import { unusedBuildArgs } from '../plan/plan.ts'
import type { Execution } from './execution.ts'
import { fetchContext } from './fetch-context.ts'
import { gitCredentials } from './git-credentials.ts'
import { ownPaths } from './own-paths.ts'
import { readDockerfile } from './read-dockerfile.ts'

/** What a build is made of, read and looked at. */
export interface BuildInput {
  readonly dockerfile: Dockerfile
  readonly context: BuildContext
  readonly namedContexts: NamedContextFiles
  readonly git: GitSources
}

function gitAccess({ options, secrets, env, signal, registries }: Execution): GitAccess {
  const agent = options.agents.get('default')
  const forSsh = agent === undefined ? env : { ...env, SSH_AUTH_SOCK: resolve(options.environment.cwd, agent) }
  return { http: registries.http, credentials: gitCredentials(options, secrets), env: forSsh, signal }
}

/** As for other repositories, but with any certificate if so wished. */
function contextAccess(execution: Execution): GitAccess {
  const access = gitAccess(execution)
  return execution.options.git.insecureSkipTls ? { ...access, http: execution.registries.anyHttp } : access
}

/** Fetches the context, reads the Dockerfile and opens what names stand for. */
export async function readInput(execution: Execution): Promise<BuildInput> {
  const { options, log, signal, registries, stdin, workDir } = execution
  const { cwd } = options.environment
  const { directory, title } = await fetchContext(options, { access: contextAccess(execution), stdin, workDir, log })
  const found = await readDockerfile(options.dockerfile, { cwd, directory, http: registries.http, signal })
  const dockerfile = parseDockerfile(found.text, { name: options.dockerfile })
  for (const name of unusedBuildArgs(dockerfile, options.buildArgs)) {
    log.warn(`--build-arg ${name}: no ARG of ${options.dockerfile} takes it`)
  }
  const own = ownPaths(options, workDir)
  const context = await openContext({
    context: directory,
    cwd,
    ...(found.path === undefined ? {} : { dockerfile: found.path }),
    own,
    ...(title === undefined ? {} : { title }),
  })
  warnOfOwn(context, log)
  const { buildContexts: contexts } = options
  const http = options.dryrun ? noDownloads : registries.http
  const git = options.dryrun ? noRepositories : gitSources({ ...gitAccess(execution), workDir })
  const namedContexts = await openNamedContexts({ contexts, http, git, workDir, own, log, signal })
  return { dockerfile, context, namedContexts, git }
}
