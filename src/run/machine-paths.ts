import { realpathSync } from 'node:fs'
import { HearthError, systemCode } from '../errors.ts'
import { type IgnoredPaths, ignoredPaths } from '../rootfs/ignored-paths.ts'
import { mountsWithin } from '../rootfs/mounts.ts'
import { type PathList, readPathList } from '../rootfs/path-pattern.ts'
import { onDisk, type RawPath, rawPath, rawPathOf } from '../tar/raw-path.ts'

/** What is whose in a root that hearth and the image share. Paths are absolute. */
export interface MachinePaths {
  /** Hearth's own: "/kaniko". */
  readonly ownDirectory: string
  /** What the user wants left alone; parts may be patterns. */
  readonly ignorePaths?: readonly string[]
  /**
   * Leave all of /var/run alone while something is mounted in it, as clusters do with tokens. Default false: what is
   * mounted stays as it is in any case, and the rest is the image's.
   */
  readonly ignoreVarRun?: boolean
  /** The context, the cache, and what else may lie in the root without belonging to the image. */
  readonly alsoIgnored?: readonly string[]
}

/** Directories of the kernel, and files the container's runtime writes, whether it mounts them or not. */
const runtimePaths = ['/proc', '/sys', '/dev', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/etc/mtab']

/**
 * Tells at each call what in "/" is not the image's: what is mounted at that moment, and what was named. Of names that are
 * symlinks now, what they lead to is left alone, too. Throws "usage" when the root itself is named.
 */
export function machinePaths(paths: MachinePaths): () => IgnoredPaths {
  const asked = readPathList(paths.ignorePaths ?? [])
  const named = [paths.ownDirectory, ...(paths.alsoIgnored ?? [])].map(rawPath)
  const real = [...asked.paths, ...named].flatMap((path) => [path, realPathOf(path)])
  const fixed = { paths: [...runtimePaths.map(rawPath), ...real], patterns: asked.patterns }
  if (fixed.paths.includes(rawPath('/'))) throw wholeRoot()
  return () => ignoredIn(fixed, mountPoints(), paths.ignoreVarRun ?? false)
}

/** The paths to leave alone: the fixed ones, where something is mounted, and /var/run as far as it is asked for. */
export function ignoredIn(fixed: PathList, mounted: readonly RawPath[], varRun: boolean): IgnoredPaths {
  const ignored = [...fixed.paths, ...mounted]
  const directory = rawPath('/var/run')
  const holdsMount = mounted.some((path) => path === directory || path.startsWith(`${directory}/`))
  return ignoredPaths(varRun && holdsMount ? [...ignored, directory] : ignored, fixed.patterns)
}

function mountPoints(): readonly RawPath[] {
  const points = mountsWithin('/').map((point) => rawPathOf(Buffer.from(point, 'latin1')))
  return points.filter((point) => point !== '')
}

/** What is not there yet has no other name. */
function realPathOf(path: RawPath): RawPath {
  try {
    return rawPathOf(realpathSync.native(onDisk('/', path), { encoding: 'buffer' }))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return path
    throw error
  }
}

function wholeRoot(): HearthError {
  return new HearthError({
    code: 'usage',
    message: 'The context, the cache and ignored paths cannot be "/"',
    why: '"/" is the root of the image that is built in place',
    fix: 'Name a directory in it.',
  })
}
