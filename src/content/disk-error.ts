import { asHearthError, HearthError, messageOf, systemCode } from '../errors.ts'
import { deniedDirectory } from './denied-directory.ts'

const explained = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM'])

const unwritable = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])

/** Whether a file operation failed because the disk takes no more: full, over quota, read-only, or failing. */
export function isUnwritable(error: unknown): boolean {
  return unwritable.has(systemCode(error) ?? '')
}

/** Turns what a file operation threw into a HearthError that names the directory concerned. */
export function diskError(error: unknown, directory: string): HearthError {
  if (error instanceof HearthError) return error
  const denied = deniedDirectory(error)
  if (denied !== undefined) return denied
  if (explained.has(systemCode(error) ?? '')) return asHearthError(error).at(directory)
  return new HearthError({
    code: 'output-failed',
    message: `Writing below ${directory} failed`,
    where: directory,
    why: messageOf(error),
    fix: 'Check that this is a directory of ours on a healthy volume, or choose another one.',
    cause: error,
  })
}

/** Awaits a file operation; its failure is thrown as a HearthError naming the directory. */
export async function onDiskOf<T>(directory: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation
  } catch (error) {
    throw diskError(error, directory)
  }
}
