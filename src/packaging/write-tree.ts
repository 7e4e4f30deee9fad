import { chmodSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ImageEntry } from './image-entry.ts'

/** The time of all files, in seconds: the same pieces make the same layers. 1980 is the first year archives agree on. */
const fileTime = 315_532_800

/** Writes a tree into a new directory. Nothing in it may depend on the umask or the clock. */
export function writeTree(root: string, entries: readonly ImageEntry[]): void {
  const directories = new Set<string>()
  makeDirectory(root, '', directories)
  for (const entry of entries) {
    makeDirectory(root, entry.kind === 'directory' ? entry.path : dirname(entry.path), directories)
    const path = join(root, entry.path)
    if (entry.kind === 'link') symlinkSync(entry.target, path)
    if (entry.kind === 'file') writeFileSync(path, entry.content, { flag: 'wx' })
    if (entry.kind !== 'link') chmodSync(path, entry.mode)
    lutimesSync(path, fileTime, fileTime)
  }
  // Last, for what is made in a directory changes its time.
  for (const path of directories) lutimesSync(join(root, path), fileTime, fileTime)
}

function makeDirectory(root: string, path: string, made: Set<string>): void {
  if (made.has(path)) return
  if (path !== '' && path !== '.') makeDirectory(root, dirname(path), made)
  mkdirSync(join(root, path), { recursive: true })
  chmodSync(join(root, path), 0o755)
  made.add(path)
}
