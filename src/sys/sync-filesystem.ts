import { closeSync, openSync } from 'node:fs'
import { bindAsync } from './libc.ts'

const syncfs = bindAsync<[descriptor: number]>('int syncfs(int fd)')

/**
 * Waits until all that was written to the filesystem of a directory is on its disk; that of others on it, too. Throws when
 * the disk has failed.
 */
export async function syncFilesystem(directory: string): Promise<void> {
  const descriptor = openSync(directory, 'r')
  try {
    if ((await syncfs(descriptor)) < 0) throw new Error(`the filesystem of ${directory} cannot be written to its disk`)
  } finally {
    closeSync(descriptor)
  }
}
