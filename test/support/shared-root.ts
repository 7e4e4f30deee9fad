import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { IgnoredPaths } from '../../src/rootfs/ignored-paths.ts'
import type { SharedRoot } from '../../src/run/isolation.ts'
import { inOwnImage } from '../../src/run/own-image.ts'
import { rawPath } from '../../src/tar/raw-path.ts'

/** Removes everything from a throw-away container but what is not the image's. Refuses anywhere else. */
export function emptySharedRoot({ path, ignored }: SharedRoot): void {
  if (!inOwnImage()) throw new Error('this deletes "/": it runs in a container of the image only')
  emptyDirectory(path, ignored())
}

function emptyDirectory(directory: string, ignored: IgnoredPaths): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (ignored.covers(rawPath(path))) continue
    if (ignored.reachesInto(rawPath(path))) emptyDirectory(path, ignored)
    else rmSync(path, { recursive: true })
  }
}
