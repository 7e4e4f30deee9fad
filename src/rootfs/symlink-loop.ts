import { HearthError } from '../errors.ts'
import { type RawPath, showPath } from '../tar/raw-path.ts'

/** As many symlinks are followed for one path; more of them are taken for a loop. */
export const maxHops = 255

export function symlinkLoop(path: RawPath): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `${showPath(path)} leads through more than ${maxHops} symlinks`,
    why: 'they lead to each other in a circle, most likely',
    fix: 'Remove one of the symlinks, or name the file by another path.',
  })
}
