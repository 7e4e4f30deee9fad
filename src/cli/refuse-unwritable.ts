import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isWebAddress } from '../dockerfile/web-address.ts'
import { HearthError, messageOf, systemCode } from '../errors.ts'
import type { ExecutorOptions } from './executor-options.ts'

/** Throws "output-failed" for a path that cannot be written when the image is there: it is better known before. */
export function refuseUnwritable(options: ExecutorOptions): void {
  const files = [
    ['--tar-path', options.tarPath],
    ['--digest-file', options.digestFile],
    ['--image-name-with-digest-file', options.imageNameWithDigestFile],
    ['--image-name-tag-with-digest-file', options.imageNameTagWithDigestFile],
  ] as const
  const { cwd } = options.environment
  for (const [flag, path] of files) {
    // Those on the web are refused by their own words.
    if (path !== undefined && !isWebAddress(path)) check({ flag, path: resolve(cwd, path) }, 'file')
  }
  const { ociLayoutPath } = options
  if (ociLayoutPath === undefined) return
  check({ flag: '--oci-layout-path', path: resolve(cwd, ociLayoutPath) }, 'directory')
}

/** The same for a single file that a flag names; the path is absolute. */
export function refuseUnwritableFile(flag: string, path: string): void {
  check({ flag, path }, 'file')
}

interface Place {
  readonly flag: string
  /** Absolute. */
  readonly path: string
}

function check(place: Place, wanted: 'file' | 'directory'): void {
  const stat = statOf(place, place.path)
  if (stat === undefined) checkParent(place)
  else if (stat.isDirectory() !== (wanted === 'directory')) throw refused(place, `it is ${aKindOf(stat)}`)
  else checkAccess(place, place.path)
}

/** Missing directories are made, so that the nearest one that is there decides. */
function checkParent(place: Place): void {
  let parent = dirname(place.path)
  let stat = statOf(place, parent)
  while (stat === undefined) {
    parent = dirname(parent)
    stat = statOf(place, parent)
  }
  if (!stat.isDirectory()) throw refused(place, `${parent} is ${aKindOf(stat)}`)
  checkAccess(place, parent)
}

function statOf(place: Place, path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined
    throw refused(place, messageOf(error))
  }
}

function checkAccess(place: Place, path: string): void {
  try {
    accessSync(path, constants.W_OK)
  } catch (error) {
    throw refused(place, messageOf(error))
  }
}

function aKindOf(stat: Stats): string {
  return stat.isDirectory() ? 'a directory' : 'a file'
}

function refused({ flag, path }: Place, why: string): HearthError {
  return new HearthError({
    code: 'output-failed',
    message: `${flag} cannot be written: ${path}`,
    why,
    fix: `Give ${flag} a path that can be written.`,
  })
}
