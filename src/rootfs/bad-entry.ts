import { HearthError } from '../errors.ts'
import type { TarEntry } from '../tar/entry.ts'
import { type RawPath, showPath } from '../tar/raw-path.ts'

export type EntryOf<Type extends TarEntry['type']> = TarEntry & { readonly type: Type }

export function badLink({ path, target }: EntryOf<'hardlink'>, why: string): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `The hard link ${showPath(path)} cannot be made to ${showPath(target)}`,
    why,
    fix: 'The archive is damaged or was made wrongly: get it again, or make it again with another program.',
  })
}

export function overlayWhiteout(path: RawPath): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `${showPath(path)} is a character device with the number 0:0`,
    why: 'an overlay filesystem takes that for a deleted file, so the same image would differ from place to place',
    fix: 'Make the image again with a program that writes whiteouts as the OCI image format has them.',
  })
}

export function notADirectory(path: RawPath): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `${showPath(path)} is not a directory, and something should be put into it`,
    why: 'an entry of the archive lies below another one that is no directory',
    fix: 'The archive is damaged or was made wrongly: get it again.',
  })
}
