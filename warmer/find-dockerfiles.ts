import { type Dirent, opendirSync } from 'node:fs'
import { join } from 'node:path'
import { asHearthError, HearthError } from '../src/errors.ts'

/** The Dockerfiles below a directory. */
export interface DockerfileScan {
  /** Paths that begin with the directory's, sorted. */
  readonly paths: readonly string[]
  /** Directories that could not be read. */
  readonly failures: readonly HearthError[]
  /** Directories that lie too deep to be looked into. */
  readonly tooDeep: readonly string[]
}

/** Levels of directories that are looked into, the first one included. */
export const maxScanDepth = 16

/** More files than any source tree has. */
const maxEntries = 1_000_000

// What is in them was written elsewhere, or is no source.
const passedOver: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', 'node_modules'])

const dockerfileName = /^(?:dockerfile|containerfile)(?:\..+)?$|.\.(?:dockerfile|containerfile)$/i

// Ignore files, templates and what editors leave behind are named after the Dockerfile they belong to.
const otherName = /(?:\.(?:dockerignore|containerignore|tmpl|template|j2|in|md|swp|bak|orig|rej)|~)$/i

/** Whether a file of this name is taken for a Dockerfile: Dockerfile, Dockerfile.x, x.Dockerfile, Containerfile. */
export function isDockerfileName(name: string): boolean {
  return dockerfileName.test(name) && !otherName.test(name)
}

/**
 * Finds the Dockerfiles below a directory by their names, whatever they are: who reads them finds out. No symlink to a
 * directory is followed, and none of those that begin with two dots, which mounted ConfigMaps have, is looked at.
 */
export function findDockerfiles(directory: string): DockerfileScan {
  const found: { readonly [K in keyof DockerfileScan]: DockerfileScan[K][number][] } = {
    paths: [],
    failures: [],
    tooDeep: [],
  }
  let entries = 0
  const waiting = [{ path: directory, depth: 1 }]
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { path, depth } = next
    const look = (entry: Dirent): void => {
      entries += 1
      if (entries > maxEntries) throw tooMany(directory)
      const name = join(path, entry.name)
      if (!entry.isDirectory()) {
        if (isDockerfileName(entry.name)) found.paths.push(name)
      } else if (!passedOver.has(entry.name) && !entry.name.startsWith('..')) {
        if (depth < maxScanDepth) waiting.push({ path: name, depth: depth + 1 })
        else found.tooDeep.push(name)
      }
    }
    try {
      forEachEntry(path, look)
    } catch (error) {
      found.failures.push(asHearthError(error).at(path))
      if (entries > maxEntries) break
    }
  }
  return { ...found, paths: found.paths.sort() }
}

/** One entry after the other: a directory can hold more names than fit into memory. */
function forEachEntry(path: string, look: (entry: Dirent) => void): void {
  const directory = opendirSync(path)
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) look(entry)
  } finally {
    directory.closeSync()
  }
}

function tooMany(directory: string): HearthError {
  return new HearthError({
    code: 'dockerfile-missing',
    message: `There are too many files to look for Dockerfiles in ${directory}`,
    why: `it has more than ${maxEntries}`,
    fix: 'Name directories below it, each with its own --dockerfile.',
  })
}
