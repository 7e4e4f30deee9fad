import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createFileAtomically } from '../src/content/atomic-file.ts'
import { diskError } from '../src/content/disk-error.ts'
import { makeDirectory } from '../src/content/durable.ts'
import { type FileLock, holdFileLock } from '../src/content/file-lock.ts'
import { temporaryName } from '../src/content/temporary.ts'
import type { CacheSharing } from '../src/dockerfile/mount.ts'
import { HearthError, systemCode } from '../src/errors.ts'
import { removeTree } from '../src/rootfs/remove.ts'
import { canonicalJson } from './key.ts'
import { noteUse } from './last-use.ts'
import { aboutName } from './mount-about.ts'
import { removeLeftovers } from './mount-leftovers.ts'
import { awaitRemoval } from './mount-removal.ts'

export interface MountDirectoriesOptions {
  /** Made when it is missing. */
  readonly directory: string
  /**
   * Says whose the owners of files are, where this process has others than the machine; builds with other owners get
   * directories of their own.
   */
  readonly owners?: string
  /** Asked once, when the disk takes no more: gives what is used from then on. */
  readonly spill?: (error: HearthError) => MountDirectories
}

/** A directory that a RUN asks for. */
export interface MountUse {
  readonly id: string
  /** Where it is going to be; the last part of it names a new one. */
  readonly target: string
  /** What a new one is filled with: the identity of a stage or image, and a path there. */
  readonly begins: readonly string[] | undefined
  readonly mode: number | undefined
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly sharing: CacheSharing
  /** Fills a new one. */
  fill(directory: string): Promise<void>
  /** Called when another build has it and must end first. */
  onWait(): void
  readonly signal?: AbortSignal
}

export interface LeasedDirectory {
  readonly directory: string
  release(): Promise<void>
}

/**
 * Directories that RUN --mount=type=cache keeps from build to build, one or more for each id; any number of processes may
 * use them. A new one appears with all it begins with, or not at all.
 */
export class MountDirectories {
  readonly #options: MountDirectoriesOptions
  #successor: MountDirectories | undefined

  constructor(options: MountDirectoriesOptions) {
    this.#options = options
  }

  /** The directory is kept from others as far as `sharing` says until it is released. */
  async lease(use: MountUse): Promise<LeasedDirectory> {
    if (this.#successor !== undefined) return this.#successor.lease(use)
    try {
      return await this.#leaseHere(use)
    } catch (error) {
      const { spill } = this.#options
      if (spill === undefined || !(error instanceof HearthError) || error.code !== 'disk-full') throw error
      this.#successor ??= spill(error)
      return this.#successor.lease(use)
    }
  }

  async #leaseHere(use: MountUse): Promise<LeasedDirectory> {
    const place = join(this.#options.directory, this.nameOf(use))
    try {
      const { slot, lock } = await lockSlotIn(place, use)
      try {
        await awaitRemoval(place, use.signal)
        await this.#describe(place, use)
        await removeLeftovers(place)
        const directory = await directoryIn(join(place, slot), use)
        return { directory, release: () => this.#release(place, lock) }
      } catch (error) {
        await lock.release()
        throw error
      }
    } catch (error) {
      use.signal?.throwIfAborted()
      throw diskError(error, place)
    }
  }

  /** Uses of one name have one directory, and one that is locked must be leased once for all of them. */
  nameOf(use: Omit<MountUse, 'fill' | 'onWait' | 'sharing'>): string {
    return createHash('sha256').update(this.#about(use)).digest('hex')
  }

  #about({ id, begins, mode, uid, gid }: Pick<MountUse, 'id' | 'begins' | 'mode' | 'uid' | 'gid'>): string {
    const owner = { mode: mode ?? null, uid: uid ?? null, gid: gid ?? null }
    return canonicalJson({ version: 1, id, begins: begins ?? null, ...owner, owners: this.#options.owners ?? null })
  }

  /** What it is, for people; its time is that of the last use. */
  async #describe(place: string, use: MountUse): Promise<void> {
    const path = join(place, aboutName)
    const created = await createFileAtomically(path, Buffer.from(this.#about(use)))
    if (!created) await touch(path)
  }

  async #release(place: string, lock: FileLock): Promise<void> {
    await touch(join(place, aboutName))
    await lock.release()
  }
}

/** Only its owner may set a file's time; others replace it when it is a minute old. */
async function touch(path: string): Promise<void> {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    await noteUse([path])
  }
}

interface LockedSlot {
  readonly slot: string
  readonly lock: FileLock
}

/** The place may be removed until there is a lock in it. */
async function lockSlotIn(place: string, use: MountUse): Promise<LockedSlot> {
  for (let attempts = 1; ; attempts += 1) {
    makeDirectory(place)
    try {
      return await lockSlot(place, use)
    } catch (error) {
      const why = error instanceof HearthError ? error.cause : error
      if (systemCode(why) !== 'ENOENT' || attempts === maxAttempts) throw error
    }
  }
}

/** Nobody removes a place so often in a row. */
const maxAttempts = 10

/** Those who ask for a private directory take the first that is free. */
async function lockSlot(place: string, use: MountUse): Promise<LockedSlot> {
  const signal = use.signal === undefined ? {} : { signal: use.signal }
  const attempt = (slot: string, patienceMs: number): Promise<FileLock | undefined> => {
    return holdFileLock(join(place, `${slot}.lock`), { patienceMs, ...signal })
  }
  if (use.sharing === 'shared') {
    // Keeps nobody out: it says that the directory is in use.
    const lock = await attempt(`0-${randomBytes(8).toString('hex')}`, 0)
    if (lock !== undefined) return { slot: '0', lock }
  }
  if (use.sharing === 'private') {
    for (let number = 0; ; number += 1) {
      const lock = await attempt(String(number), 0)
      if (lock !== undefined) return { slot: String(number), lock }
    }
  }
  const free = await attempt('0', 0)
  if (free !== undefined) return { slot: '0', lock: free }
  use.onWait()
  const lock = await attempt('0', Number.POSITIVE_INFINITY)
  if (lock === undefined) throw new TypeError('patience without end has come to its end')
  return { slot: '0', lock }
}

/** The directory in a slot, by the name its first user gave it. */
async function directoryIn(slot: string, use: MountUse): Promise<string> {
  if (statSync(slot, { throwIfNoEntry: false }) === undefined) await makeSlot(slot, use)
  const [name = basename(use.target)] = readdirSync(slot)
  return join(slot, name)
}

async function makeSlot(slot: string, use: MountUse): Promise<void> {
  const temporary = join(slot, '..', temporaryName())
  const directory = join(temporary, basename(use.target))
  try {
    for (const made of [temporary, directory]) {
      mkdirSync(made)
      chmodSync(made, 0o755)
    }
    await use.fill(directory)
    if (use.uid !== undefined || use.gid !== undefined) chownSync(directory, use.uid ?? 0, use.gid ?? 0)
    if (use.mode !== undefined) chmodSync(directory, use.mode)
    renameSync(temporary, slot)
  } catch (error) {
    await removeTree(temporary)
    // Another build was first: its directory is as good.
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error
  }
}
