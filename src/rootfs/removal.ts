import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs'
import { HearthError, systemCode } from '../errors.ts'
import { printable } from '../log.ts'
import { pointerOnly } from '../sys/pointer-flag.ts'
import { mountOf } from './mounts.ts'

/** A directory on the way down, held open, and what is still in it. */
interface Level {
  readonly descriptor: number
  /** By which it is reached from its parent. */
  readonly host: Buffer
  readonly mount: string
  readonly entries: { readonly name: string; readonly isDirectory: boolean }[]
}

const flags = pointerOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Directories deeper than this are moved up before they are emptied, so that no depth needs more open files. */
const maxLevels = 64

/**
 * Removes a file or a directory with all that is in it, a step at each turn of the generator. Works from open directories
 * down, so that a rename meanwhile cannot lead it elsewhere, follows no symlink, and stops with a HearthError before a
 * directory that is on another mount.
 */
export function* removal(start: Buffer): Generator<void> {
  if (!lstatSync(start).isDirectory()) return unlinkSync(start)
  const levels = [openLevel(start)]
  let moved = 0
  try {
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      yield
      const entry = level.entries.pop()
      if (entry === undefined) leave(levels)
      else if (!entry.isDirectory) withWriting(level, () => unlinkSync(within(level, entry.name)))
      else if (levels.length < maxLevels) levels.push(openLevel(within(level, entry.name), level))
      else moved = moveUp({ top: levels[0] ?? level, level, name: entry.name }, moved)
    }
  } finally {
    for (const { descriptor } of levels) closeSync(descriptor)
  }
}

function openLevel(host: Buffer, parent?: Level): Level {
  const descriptor = openSync(host, flags)
  try {
    const mount = mountOf(descriptor) ?? `device ${fstatSync(descriptor).dev}`
    if (parent !== undefined && parent.mount !== mount) throw otherMount(descriptor)
    return { descriptor, host, mount, entries: readEntries(descriptor) }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function readEntries(descriptor: number): Level['entries'] {
  const host = `/proc/self/fd/${descriptor}`
  const read = (): Level['entries'] => {
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

/** Takes a name out of a directory, whose mode may forbid it at first. */
function withWriting(level: Level, act: () => void): void {
  try {
    act()
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error
    chmodSync(`/proc/self/fd/${level.descriptor}`, 0o700)
    act()
  }
}

/** Removes the innermost directory, which is empty by now. */
function leave(levels: Level[]): void {
  const empty = levels.pop()
  if (empty === undefined) return
  closeSync(empty.descriptor)
  const parent = levels.at(-1)
  if (parent === undefined) rmdirSync(empty.host)
  else withWriting(parent, () => rmdirSync(empty.host))
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
    withWriting(level, () => renameSync(within(level, name), within(top, free)))
    top.entries.push({ name: free, isDirectory: true })
    return number + 1
  }
}

function otherMount(descriptor: number): HearthError {
  const path = readPlace(descriptor)
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
