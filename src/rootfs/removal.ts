import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs'
import { HearthError, systemCode } from '../errors.ts'
import { printable } from '../log.ts'
import { pointerOnly } from '../sys/pointer-flag.ts'
import { joinRaw, type RawPath } from '../tar/raw-path.ts'
import type { IgnoredPaths } from './ignored-paths.ts'
import { mountIdentity } from './mounts.ts'
import { makePlain } from './plain-directory.ts'

interface Entry {
  readonly name: string
  readonly isDirectory: boolean
  /** It was moved here from deeper down. */
  readonly moved?: true
}

/** A directory on the way down, held open, and what is still in it. */
interface Level {
  readonly descriptor: number
  /** By which it is reached from its parent. */
  readonly host: Buffer
  readonly mount: string
  readonly entries: Entry[]
  /** Below the root; undefined where nothing in the directory is to be spared. */
  readonly path: RawPath | undefined
  /** Something in it stays, and so does the directory. */
  stays: boolean
}

/** What of a tree is to stay: ignored paths, and the directories that lead to those that exist. These become plain. */
export interface Spared {
  readonly ignored: IgnoredPaths
  /** The tree's own path, in the root that the ignored paths are in. */
  readonly path: RawPath
  /** The mount that the tree is on: another one is not entered, not even at the top. */
  readonly mount: string
}

const flags = pointerOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * Directories deeper than this are moved up before they are emptied, so that no depth needs more open files; except for
 * those in which something is to be spared.
 */
const maxLevels = 64

/**
 * Removes a file or a directory with all that is in it, a step at each turn of the generator. Works from open directories
 * down, so that a rename meanwhile cannot lead it elsewhere, follows no symlink, and stops with a HearthError before
 * what is on another mount.
 */
export function* removal(start: Buffer, spared?: Spared): Generator<void> {
  if (spared?.ignored.covers(spared.path) === true) return
  if (!lstatSync(start).isDirectory()) return takeOut(start, unlinkSync)
  const levels = [openLevel(start, { mount: spared?.mount, path: placeOf(spared?.path, spared) })]
  let moved = 0
  try {
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      yield
      const entry = level.entries.pop()
      if (entry === undefined) {
        leave(levels)
        continue
      }
      const path = level.path === undefined || entry.moved ? undefined : joinRaw(level.path, entry.name as RawPath)
      const place = placeOf(path, spared)
      if (path !== undefined && spared?.ignored.covers(path) === true) level.stays = true
      else if (!entry.isDirectory) withWriting(level, () => takeOut(within(level, entry.name), unlinkSync))
      else if (levels.length < maxLevels || place !== undefined) {
        levels.push(openLevel(within(level, entry.name), { mount: level.mount, path: place }))
      } else moved = moveUp({ top: levels[0] ?? level, level, name: entry.name }, moved)
    }
  } finally {
    for (const { descriptor } of levels) closeSync(descriptor)
  }
}

/** The path of a directory, if something below it is to be spared. */
function placeOf(path: RawPath | undefined, spared: Spared | undefined): RawPath | undefined {
  return path !== undefined && spared?.ignored.reachesInto(path) === true ? path : undefined
}

/** Opens a directory, which must be on the given mount. */
function openLevel(
  host: Buffer,
  on: { readonly mount: string | undefined; readonly path: RawPath | undefined },
): Level {
  const descriptor = openSync(host, flags)
  try {
    const mount = mountIdentity(descriptor)
    if (on.mount !== undefined && on.mount !== mount) throw mountedAt(readPlace(descriptor))
    return { descriptor, host, mount, entries: readEntries(descriptor), path: on.path, stays: false }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function readEntries(descriptor: number): Entry[] {
  const host = `/proc/self/fd/${descriptor}`
  const read = (): Entry[] => {
    const found = readdirSync(host, { encoding: 'latin1', withFileTypes: true })
    return found.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
  }
  try {
    return read()
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error
    chmodSync(host, 0o700)
    return read()
  }
}

function within(level: Level, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${level.descriptor}/${name}`, 'latin1')
}

/** Takes a name out of its directory, unless something is mounted at it. */
function takeOut(host: Buffer, act: (host: Buffer) => void): void {
  try {
    act(host)
  } catch (error) {
    if (systemCode(error) !== 'EBUSY') throw error
    const slash = host.lastIndexOf('/')
    throw mountedAt(printable(`${realpathSync.native(host.subarray(0, slash))}${host.toString('utf8', slash)}`))
  }
}

/** Changes a directory, whose mode may forbid it at first. */
function withWriting(level: Level, act: () => void): void {
  try {
    act()
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error
    chmodSync(`/proc/self/fd/${level.descriptor}`, 0o700)
    act()
  }
}

/** Removes the innermost directory, which is empty by now, unless something in it stays. */
function leave(levels: Level[]): void {
  const last = levels.pop()
  if (last === undefined) return
  const parent = levels.at(-1)
  try {
    if (last.stays) makePlain(last.descriptor)
  } finally {
    closeSync(last.descriptor)
  }
  if (parent === undefined) {
    if (!last.stays) rmdirSync(last.host)
  } else if (last.stays) parent.stays = true
  else withWriting(parent, () => rmdirSync(last.host))
}

interface Deep {
  readonly top: Level
  readonly level: Level
  readonly name: string
}

/** Gives a deep directory a free name in the topmost one; gives the number to try next time. */
function moveUp({ top, level, name }: Deep, first: number): number {
  for (let number = first; ; number += 1) {
    const free = `.removed-${number}`
    if (lstatSync(within(top, free), { throwIfNoEntry: false }) !== undefined) continue
    withWriting(level, () => takeOut(within(level, name), (host) => renameSync(host, within(top, free))))
    top.entries.push({ name: free, isDirectory: true, moved: true })
    return number + 1
  }
}

function mountedAt(path: string): HearthError {
  return new HearthError({
    code: 'permission',
    message: `${path} is not removed: something is mounted there (EBUSY)`,
    why: 'what lies below a mount point belongs to somebody else',
    fix: `Unmount it first: umount ${path}`,
  })
}

function readPlace(descriptor: number): string {
  return printable(readlinkSync(`/proc/self/fd/${descriptor}`))
}
