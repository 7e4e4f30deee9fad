import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { isWebAddress } from '../dockerfile/web-address.ts'
import { HearthError } from '../errors.ts'
import { isInside, readSteeringFile } from './steering-file.ts'

export interface DockerfileLocation {
  /** As given with --dockerfile. */
  readonly dockerfile: string
  readonly cwd: string
  /** The context's directory. */
  readonly directory: string
}

export interface FoundDockerfile {
  /** Absolute. */
  readonly path: string
  readonly text: string
}

/**
 * Finds and reads the Dockerfile: the path as it is, from the working directory, goes before one in the context. No
 * symlink leads out of the context from a path inside it.
 */
export function findDockerfile(location: DockerfileLocation): FoundDockerfile {
  const { dockerfile, cwd, directory } = location
  if (isWebAddress(dockerfile)) throw fromTheWeb(dockerfile)
  const direct = resolve(cwd, dockerfile)
  const inContext = isAbsolute(dockerfile) ? direct : join(directory, dockerfile)
  const within = liesIn(directory, direct) ? directory : undefined
  return attempt(direct, within) ?? attempt(inContext, directory) ?? inSmallLetters(location)
}

/** Where nobody says otherwise, BuildKit takes a "dockerfile" as well. */
function inSmallLetters({ dockerfile, cwd, directory }: DockerfileLocation): FoundDockerfile {
  const names = dockerfile === 'Dockerfile' ? [dockerfile, 'dockerfile'] : [dockerfile]
  const tried = names.flatMap((name) => [resolve(cwd, name), isAbsolute(name) ? name : join(directory, name)])
  const found = names.length === 1 ? undefined : attempt(join(directory, 'dockerfile'), directory)
  return found ?? notFound(dockerfile, tried)
}

/** Whether a path, as written or as its directory really lies, is one of the context. */
function liesIn(directory: string, path: string): boolean {
  if (isInside(path, directory)) return true
  try {
    return isInside(realpathSync.native(dirname(path)), realpathSync.native(directory))
  } catch {
    // Nothing is there to be read.
    return false
  }
}

function attempt(path: string, within?: string): FoundDockerfile | undefined {
  const outcome = readSteeringFile(path, within)
  if (outcome.kind === 'text') return { path, text: outcome.text }
  if (outcome.kind === 'missing') return undefined
  throw new HearthError({
    code: 'dockerfile-missing',
    message: `The Dockerfile ${path} cannot be used`,
    why: outcome.why,
  })
}

function notFound(dockerfile: string, tried: readonly string[]): never {
  throw new HearthError({
    code: 'dockerfile-missing',
    message: `There is no Dockerfile "${dockerfile}"`,
    why: `tried ${[...new Set(tried)].join(' and ')}`,
    fix: 'Name it with --dockerfile, relative to the working directory or to the context.',
  })
}

function fromTheWeb(dockerfile: string): HearthError {
  const url = URL.parse(dockerfile)
  return new HearthError({
    code: 'context-unsupported',
    message: `This command does not read a Dockerfile from the web: ${url === null ? dockerfile : url.host + url.pathname}`,
    fix: 'Download it first, and name the file with --dockerfile.',
  })
}
