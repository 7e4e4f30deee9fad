import { accessSync, constants } from 'node:fs'
import { BaseImages } from '../cache/base-images.ts'
import { type CacheAccess, cacheAccess } from '../cache/cache-directory.ts'
import { Pins } from '../cache/pins.ts'
import { deniedDirectory } from '../src/content/denied-directory.ts'
import { OciLayout } from '../src/content/oci-layout.ts'
import { HearthError } from '../src/errors.ts'
import type { Log } from '../src/log.ts'

export interface OpenImagesOptions {
  /** How long a tag counts after it was resolved, in ms. */
  readonly ttlMs: number
  readonly log: Log
}

/**
 * Opens a cache directory to be filled, and makes it when it is missing. Throws a HearthError "cache-unusable" when it
 * cannot be written, or when there is something in it that is not ours.
 */
export async function openImages(directory: string, { ttlMs, log }: OpenImagesOptions): Promise<BaseImages> {
  try {
    const access = cacheAccess(directory)
    if (access !== 'writable') throw notWritable(directory, access)
    const images = BaseImages.open(directory, { readOnly: false, log, ttlMs, pins: Pins.open(directory, log) })
    // A damaged index.json would otherwise show only after the download.
    await (await OciLayout.open(directory, { readOnly: true })).images()
    return images
  } catch (error) {
    if (!(error instanceof HearthError)) throw error
    throw unusable(directory, error)
  }
}

function notWritable(directory: string, access: Exclude<CacheAccess, 'writable'>): HearthError {
  if (access === 'none') return new HearthError({ code: 'permission', message: 'it does not exist and cannot be made' })
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch (error) {
    const denied = deniedDirectory(error)
    if (denied !== undefined) return denied
  }
  return new HearthError({ code: 'permission', message: 'it is read-only' })
}

function unusable(directory: string, { code, message, where, why, fix, cause }: HearthError): HearthError {
  return new HearthError({
    code: 'cache-unusable',
    message: `No images can be kept in the cache directory ${directory}`,
    where: where === directory ? undefined : where,
    why: why === undefined ? message : `${message} (${why})`,
    fix:
      code === 'permission' && fix !== undefined
        ? fix
        : 'Give --cache-dir a directory that can be written and holds nothing but a cache.',
    cause,
  })
}
