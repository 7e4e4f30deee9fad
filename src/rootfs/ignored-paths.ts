import { joinRaw, type RawPath } from '../tar/raw-path.ts'
import { matchedParts, type PathPattern } from './path-pattern.ts'

/**
 * Paths of a root that are not the image's, with all that lies below them: never read, changed or removed. They have no
 * symlinks in them, and need not exist.
 */
export interface IgnoredPaths {
  /** The path itself, or a directory it lies in, is ignored. */
  covers(path: RawPath): boolean
  /** Something below the directory is ignored. */
  reachesInto(directory: RawPath): boolean
  /** The ignored path that the path is or lies in, for messages; undefined when it is not covered. */
  coveredBy(path: RawPath): RawPath | undefined
  /** An ignored path below the directory, for messages; undefined when there is none. */
  someBelow(directory: RawPath): RawPath | undefined
}

/** Ignores paths, and whatever patterns match. */
export function ignoredPaths(paths: Iterable<RawPath>, patterns: readonly PathPattern[] = []): IgnoredPaths {
  const exact = ignoredExactly(paths)
  return patterns.length === 0 ? exact : eitherOf(exact, ignoredByPatterns(patterns))
}

function ignoredExactly(paths: Iterable<RawPath>): IgnoredPaths {
  const ignored = new Set(paths)
  const ancestors = new Map<RawPath, RawPath>()
  for (const path of ignored) for (const directory of directoriesAbove(path)) ancestors.set(directory, path)
  const coveredBy = (path: RawPath): RawPath | undefined => {
    if (ignored.has(path)) return path
    return directoriesAbove(path).find((directory) => ignored.has(directory))
  }
  return {
    covers: (path) => coveredBy(path) !== undefined,
    reachesInto: (directory) => ancestors.has(directory),
    coveredBy,
    someBelow: (directory) => ancestors.get(directory),
  }
}

function ignoredByPatterns(patterns: readonly PathPattern[]): IgnoredPaths {
  const coveredBy = (path: RawPath): RawPath | undefined => {
    const names = namesOf(path)
    const pattern = patterns.find((one) => names.length >= one.parts.length && matchedParts(one, names) > 0)
    return pattern && (names.slice(0, pattern.parts.length).join('/') as RawPath)
  }
  const someBelow = (directory: RawPath): RawPath | undefined => {
    const names = namesOf(directory)
    const leadsThere = (one: PathPattern): boolean => matchedParts(one, names) === names.length
    return patterns.find((one) => names.length < one.parts.length && leadsThere(one))?.text
  }
  return {
    covers: (path) => coveredBy(path) !== undefined,
    reachesInto: (directory) => someBelow(directory) !== undefined,
    coveredBy,
    someBelow,
  }
}

function eitherOf(one: IgnoredPaths, other: IgnoredPaths): IgnoredPaths {
  return {
    covers: (path) => one.covers(path) || other.covers(path),
    reachesInto: (directory) => one.reachesInto(directory) || other.reachesInto(directory),
    coveredBy: (path) => one.coveredBy(path) ?? other.coveredBy(path),
    someBelow: (directory) => one.someBelow(directory) ?? other.someBelow(directory),
  }
}

function namesOf(path: RawPath): readonly string[] {
  return path === '' ? [] : path.split('/')
}

/** The same paths for somebody whose root is a directory of the root; messages still name them as they are in the root. */
export function ignoredWithin(ignored: IgnoredPaths, directory: RawPath): IgnoredPaths {
  const { covers, reachesInto, coveredBy, someBelow } = ignored
  return {
    covers: (path) => covers(joinRaw(directory, path)),
    reachesInto: (path) => reachesInto(joinRaw(directory, path)),
    coveredBy: (path) => coveredBy(joinRaw(directory, path)),
    someBelow: (path) => someBelow(joinRaw(directory, path)),
  }
}

/** "a/b/c" → "", "a", "a/b" */
function directoriesAbove(path: RawPath): readonly RawPath[] {
  if (path === '') return []
  const above: RawPath[] = ['' as RawPath]
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) above.push(path.slice(0, at) as RawPath)
  return above
}
