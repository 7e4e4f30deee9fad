import { closeSync, constants, fstatSync, lstatSync, mkdtempSync, openSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { HearthError, systemCode } from '../errors.ts'
import { removeTree } from '../rootfs/remove.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import { pointerOnly } from '../sys/pointer-flag.ts'
import { baseName, onDisk, parentOf, type RawPath, rawPath } from '../tar/raw-path.ts'
import { entryOf, quietly } from './quietly.ts'

/** What is found at a path of a root for the time of a command, in place of what the root has there. */
export interface StandIn {
  /** Absolute, inside the root; something of the same type is there. */
  readonly path: string
  /** Makes it, at a place on the machine where nothing is yet. */
  make(at: string): void
}

/**
 * Puts everything back as it was, but for the ctime of what was moved. What is found in the stand-ins' places goes,
 * whoever made it. Throws "run-failed" when a directory is not in its place any more.
 */
export type PutBack = () => Promise<void>

interface Placed {
  readonly path: string
  /** Descriptor of the directory it lies in; that may be renamed meanwhile. */
  readonly parent: number
  readonly name: RawPath
  /** Points at the stand-in. */
  readonly own: number
  /** Where the root's own is meanwhile, and where the stand-in is taken to afterwards. */
  readonly kept: string
  readonly used: string
}

/**
 * Puts stand-ins into a root, following its symlinks inside it; keeps what was there beside the root, on the same
 * filesystem. Directories keep their times.
 */
export async function placeStandIns(root: string, standIns: readonly StandIn[]): Promise<PutBack> {
  const store = mkdtempSync(`${root}.aside-`)
  const placed: Placed[] = []
  const putBack: PutBack = async () => {
    const lost = placed
      .splice(0)
      .reverse()
      .filter((standIn) => !takeBack(standIn))
    await removeTree(store)
    for (const { path } of lost) throw takenAway(path)
  }
  try {
    for (const [i, standIn] of standIns.entries()) placed.push(place(root, standIn, join(store, String(i))))
    return putBack
  } catch (error) {
    await putBack()
    throw error
  }
}

function place(root: string, { path, make }: StandIn, store: string): Placed {
  const [made, kept, used] = [`${store}-made`, `${store}-kept`, `${store}-used`] as const
  make(made)
  const target = resolveInRoot(root, rawPath(path), { followLast: true })
  const name = baseName(target)
  const parent = openSync(onDisk(root, parentOf(target)), constants.O_RDONLY | constants.O_DIRECTORY)
  const own = openSync(made, pointerOnly)
  try {
    const at = entryOf(parent, name)
    quietly(parent, () => exchange(at, made, kept))
    return { path, parent, name, own, kept, used }
  } catch (error) {
    closeSync(parent)
    closeSync(own)
    throw error
  }
}

/** Moves what is at a place to `kept`, and `next` to the place. */
function exchange(at: Buffer, next: string, kept: string): void {
  renameSync(at, kept)
  try {
    renameSync(next, at)
  } catch (error) {
    renameSync(kept, at)
    throw error
  }
}

/** False when a directory was not in its place. */
function takeBack({ parent, name, own, kept, used }: Placed): boolean {
  try {
    const at = entryOf(parent, name)
    const standIn = fstatSync(own, { bigint: true })
    const found = lstatSync(at, { bigint: true, throwIfNoEntry: false })
    quietly(parent, () => {
      if (found !== undefined) renameSync(at, used)
      restore(kept, at)
    })
    return !standIn.isDirectory() || found?.ino === standIn.ino
  } finally {
    closeSync(parent)
    closeSync(own)
  }
}

function restore(kept: string, at: Buffer): void {
  try {
    renameSync(kept, at)
  } catch (error) {
    // The directory it was in has been removed, and it with that.
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

function takenAway(path: string): HearthError {
  return new HearthError({
    code: 'run-failed',
    message: `The command has taken ${path} away`,
    why: 'it is no part of the image while commands run, and without mounts nothing holds it in its place',
    fix: 'Leave the directory itself alone, or let the build have namespaces: --isolation=auto.',
  })
}
