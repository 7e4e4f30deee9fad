import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeFileAtomically } from '../content/atomic-file.ts'
import { diskError } from '../content/disk-error.ts'

/**
 * Writes a file that others wait for. A new file appears whole. One that exists is written in place: it may be a device, a
 * pipe or a mount.
 */
export async function writeOutputFile(path: string, text: string): Promise<void> {
  try {
    const existing = await stat(path).catch(() => undefined)
    if (existing !== undefined) return await writeFile(path, text)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFileAtomically(path, new TextEncoder().encode(text))
  } catch (error) {
    throw diskError(error, path)
  }
}
