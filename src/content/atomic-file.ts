import { link, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { HearthError, systemCode } from '../errors.ts'
import { onDiskOf } from './disk-error.ts'
import { syncDirectory, writeFully } from './durable.ts'
import { temporaryName } from './temporary.ts'

/**
 * Writes a whole file so that readers see the old content or the new one, never a part, and so that it survives a
 * power cut once this returns. Who may enter the directory may read the file, whatever the umask. The directory must
 * exist. A failure leaves no file behind and throws a HearthError.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await onDiskOf(dirname(path), place(path, bytes, rename))
}

/**
 * The same, unless a file of that name is there already: of several writers one is first, and says true. Where the
 * filesystem cannot tell, the last one wins.
 */
export async function createFileAtomically(path: string, bytes: Uint8Array): Promise<boolean> {
  let created = true
  const put = async (temporary: string): Promise<void> => {
    created = await linkOnce(temporary, path)
  }
  await onDiskOf(dirname(path), place(path, bytes, put))
  return created
}

/** Mode of files that are replaced and never rewritten. */
export const readableMode = 0o644

async function place(
  path: string,
  bytes: Uint8Array,
  put: (temporary: string, path: string) => Promise<void>,
): Promise<void> {
  if (basename(path) === '') throw new HearthError({ code: 'internal', message: `"${path}" names no file` })
  const directory = dirname(path)
  const temporary = join(directory, temporaryName())
  const handle = await open(temporary, 'wx', readableMode)
  try {
    try {
      await handle.chmod(readableMode)
      await writeFully(handle, bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await put(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncDirectory(directory)
}

async function linkOnce(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (hasNoHardLinks(error)) {
      await rename(temporary, path)
      return true
    }
    if (systemCode(error) !== 'EEXIST') throw error
    await unlink(temporary)
    return false
  }
  await unlink(temporary)
  return true
}

/** Whether a failed link only says that the filesystem makes none. */
export function hasNoHardLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCode(error) ?? '')
}
