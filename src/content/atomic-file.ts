import { open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { HearthError } from '../errors.ts'
import { onDiskOf } from './disk-error.ts'
import { syncDirectory, writeFully } from './durable.ts'
import { temporaryName } from './temporary.ts'

/**
 * Writes a whole file so that readers see the old content or the new one, never a part, and so that it survives a
 * power cut once this returns. The directory must exist. A failure leaves no file behind and throws a HearthError.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  if (basename(path) === '') throw new HearthError({ code: 'internal', message: `"${path}" names no file` })
  await onDiskOf(dirname(path), replace(path, bytes))
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(path)
  const temporary = join(directory, temporaryName())
  const handle = await open(temporary, 'wx', 0o644)
  try {
    try {
      await writeFully(handle, bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncDirectory(directory)
}
