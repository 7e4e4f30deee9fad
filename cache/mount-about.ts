import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { ifSeen } from './disk-usage.ts'
import { readSmallFile } from './entry-file.ts'

/** What says which mount a place is for; its time is that of the last use. */
export const aboutName = 'about.json'

/** In bytes; an id is a line of a Dockerfile at most. */
const maxSize = 1 << 20

/** The id of the mount in a place; undefined when nothing says so that can be read. */
export async function mountIdOf(place: string): Promise<string | undefined> {
  try {
    const bytes = await readSmallFile(join(place, aboutName), maxSize)
    const about: unknown = bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes))
    if (typeof about !== 'object' || about === null || !('id' in about)) return undefined
    return typeof about.id === 'string' ? about.id : undefined
  } catch {
    return undefined
  }
}

/** When somebody last used the mount in a place; undefined when nothing says so. */
export function mountUseOf(place: string): Date | undefined {
  return ifSeen(() => lstatSync(join(place, aboutName)))?.mtime
}
