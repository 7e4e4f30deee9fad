import { statSync } from 'node:fs'
import { join } from 'node:path'
import { HearthError } from '../errors.ts'

export interface OwnImageOptions {
  /** Where hearth's image keeps everything of its own. Default "/kaniko". */
  readonly directory?: string
  /** The Node that runs this. Default: the process's own. */
  readonly execPath?: string
}

/** Whether hearth runs in its own image: with the image's Node, beside the file that the image describes itself in. */
export function inOwnImage(options: OwnImageOptions = {}): boolean {
  const { directory = '/kaniko', execPath = process.execPath } = options
  const marker = statSync(join(directory, 'image.json'), { throwIfNoEntry: false })
  return marker?.isFile() === true && execPath === join(directory, 'bin/node')
}

/**
 * Throws "run-unavailable" outside of hearth's own image, where the files of the machine would be deleted, unless it is
 * forced.
 */
export function requireOwnImage(force: boolean, options: OwnImageOptions = {}): void {
  if (force || inOwnImage(options)) return
  throw new HearthError({
    code: 'run-unavailable',
    message: 'hearth should only be run in place inside of a container, in its own image',
    why: 'the base image is unpacked over "/", and what is there before is deleted; this is not the image',
    fix: 'Run the image of Dockerfile.executor, choose another --isolation, or use --force if you are sure you want to continue.',
  })
}
