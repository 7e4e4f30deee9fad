import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FileLock, holdFileLock } from '../src/content/file-lock.ts'
import { reapTemporaries } from '../src/content/temporary.ts'
import { HearthError, systemCode } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import { type ChainID, type DiffID, shortDigest } from '../src/oci/digest.ts'
import { removeTree } from '../src/rootfs/remove.ts'
import { sealOf } from '../src/rootfs/tree-seal.ts'
import { holdsID, ownIDs } from '../src/sys/own-ids.ts'
import { syncFilesystem } from '../src/sys/sync-filesystem.ts'
import { readSealFile, type SealFile, sealName, writeSealFile } from './tree-seal-file.ts'
import { holdUse, removeDeadUses, usersOf } from './tree-uses.ts'
import { Trouble } from './trouble.ts'
import { makePlace, markUsed, type UnpackedPlace, unpackedPlace } from './unpacked-place.ts'

export interface UnpackedTreesOptions {
  /** The cache directory. */
  readonly directory: string
  readonly readOnly: boolean
  /** Whether this process can make devices: it uses no trees that lack them for want of that. */
  readonly devices: boolean
  readonly log: Log
  readonly signal?: AbortSignal | undefined
}

/** How a tree is made where there is none. */
export interface TreeMaking {
  /** Puts the layers into an empty directory. */
  unpack(root: string): Promise<void>
  /** Whether a directory is of any use to the one who asks. */
  isUsable(directory: string): boolean
}

interface HeldTree {
  readonly files: string
  readonly ino: bigint
}

/** The lock of whoever adds trees to a place, or removes some. */
export const makingName = 'making.lock'
export const treePattern = /^tree-[0-9a-f]{16}$/

/** The unpacked files, in a tree's directory. */
export const filesName = 'files'
/** A living maker touches its lock every few seconds, whatever it is busy with. */
const silenceMs = 60_000

/**
 * The unpacked files of bases, kept in a cache directory for others to begin with. They are never changed once they are
 * sealed: whoever gets one must only read it. A tree whose files are not as they were when it was sealed is not used.
 */
export class UnpackedTrees {
  readonly #options: UnpackedTreesOptions
  readonly #reading: Trouble
  readonly #keeping: Trouble
  readonly #known = new Map<ChainID, Promise<string | undefined>>()
  readonly #held: HeldTree[] = []
  /** Given back at the end. */
  readonly #locks: FileLock[] = []
  /** Trees that are not what they were. */
  readonly #bad = new Set<string>()
  readonly #sealing = new Set<Promise<void>>()

  constructor(options: UnpackedTreesOptions) {
    this.#options = options
    const { directory, log } = options
    this.#reading = new Trouble(log, `An unpacked base in ${directory} is not used`)
    this.#keeping = new Trouble(log, `An unpacked base cannot be kept in ${directory}`)
  }

  /**
   * A directory with the files of these layers, kept until `close`: one that is there, or a new one. Undefined when there
   * is none and none can be made here and now; what goes wrong is logged.
   */
  hold(layers: readonly DiffID[], making: TreeMaking): Promise<string | undefined> {
    const place = unpackedPlace(this.#options.directory, layers)
    if (place === undefined) return Promise.resolve(undefined)
    const held = this.#known.get(place.chain) ?? this.#hold({ ...making, place, layers })
    this.#known.set(place.chain, held)
    return held
  }

  /** Throws a HearthError when somebody has taken away what is held. */
  check(): void {
    for (const { files, ino } of this.#held) {
      if (lstatSync(files, { bigint: true, throwIfNoEntry: false })?.ino !== ino) throw takenAway(files)
    }
  }

  /** Ends the use of all trees, and waits until new ones are sealed. */
  async close(): Promise<void> {
    await Promise.all(this.#sealing)
    this.#sealing.clear()
    for (const lock of this.#locks.splice(0)) await lock.release()
    this.#known.clear()
    this.#held.splice(0)
  }

  async #hold(wish: Wish): Promise<string | undefined> {
    const { directory, readOnly, signal } = this.#options
    try {
      if (!readOnly) {
        makePlace(directory, wish.place)
        // First, so that nobody takes away what is found next.
        this.#locks.push(await holdUse(wish.place.path))
      }
      const found = await this.#find(wish)
      return found ?? (readOnly ? undefined : await this.#make(wish))
    } catch (error) {
      signal?.throwIfAborted()
      this.#keeping.note(error)
      return undefined
    }
  }

  async #find(wish: Wish): Promise<string | undefined> {
    for (const name of treesIn(wish.place)) {
      const tree = join(wish.place.path, name)
      try {
        if (!(await this.#isGood(tree, wish))) continue
        this.#options.log.info(`the unpacked files of ${titleOf(wish)} are in ${wish.place.path}`)
        if (!this.#options.readOnly) markUsed(this.#options.directory, wish.place)
        return this.#hand(tree)
      } catch (error) {
        this.#bad.add(tree)
        this.#reading.note(error)
      }
    }
    return undefined
  }

  /** Whether a tree can be used here; throws when it is not what it was. */
  async #isGood(tree: string, { layers, isUsable }: Wish): Promise<boolean> {
    const seal = await readSealFile(join(tree, sealName))
    const files = join(tree, filesName)
    if (seal === undefined || !this.#suits(seal, files)) return false
    if (seal.layers.join() !== layers.join()) throw changed(tree, 'it is one of other layers')
    if (!isUsable(files)) return false
    const { digest } = await sealOf(files)
    if (digest !== seal.digest) throw changed(tree, 'its files are not as they were when it was made')
    return true
  }

  /** Owners may look different from here, or be nobody's. */
  #suits({ uids, gids, top, devices }: SealFile, files: string): boolean {
    if (!devices && this.#options.devices) return false
    const { uid, gid } = lstatSync(files)
    if (uid !== top[0] || gid !== top[1]) return false
    const [users, groups] = [ownIDs('uid'), ownIDs('gid')]
    return uids.every((id) => holdsID(users, id)) && gids.every((id) => holdsID(groups, id))
  }

  async #make(wish: Wish): Promise<string | undefined> {
    const { place, unpack, isUsable } = wish
    const lock = await holdFileLock(join(place.path, makingName), { patienceMs: 0, staleMs: silenceMs })
    if (lock === undefined) {
      this.#options.log.debug(`somebody else is unpacking ${titleOf(wish)} to be kept`)
      return undefined
    }
    let isSealing = false
    try {
      const found = await this.#find(wish)
      if (found !== undefined) return found
      await this.#clear(place)
      const tree = join(place.path, `tree-${randomBytes(8).toString('hex')}`)
      const files = makeTree(tree)
      if (!isUsable(files)) {
        await removeTree(tree)
        this.#options.log.info(`nothing unpacked is kept in ${this.#options.directory}: no overlay can lie on it`)
        return undefined
      }
      try {
        await unpack(files)
      } catch (error) {
        await removeTree(tree)
        throw error
      }
      isSealing = true
      this.#sealLater(tree, { wish, lock })
      return this.#hand(tree)
    } finally {
      if (!isSealing) await lock.release()
    }
  }

  /** Removes what was never finished; and what is no good, unless others have found it good. */
  async #clear(place: UnpackedPlace): Promise<void> {
    removeDeadUses(place.path)
    reapTemporaries(place.path)
    const isAlone = usersOf(place.path) <= 1
    for (const name of treesIn(place)) {
      const tree = join(place.path, name)
      const isFinished = existsSync(join(tree, sealName))
      if (!isFinished || (isAlone && this.#bad.has(tree))) await removeTree(tree)
    }
  }

  #hand(tree: string): string {
    const files = join(tree, filesName)
    this.#held.push({ files, ino: lstatSync(files, { bigint: true }).ino })
    return files
  }

  /** Others can use it once it is on the disk; this build need not wait for that. */
  #sealLater(tree: string, making: { readonly wish: Wish; readonly lock: FileLock }): void {
    const sealing = this.#seal(tree, making).catch((error: unknown) => {
      // Without a seal, only the lock keeps others from clearing it away.
      this.#locks.push(making.lock)
      if (this.#options.signal?.aborted !== true) this.#keeping.note(error)
    })
    this.#sealing.add(sealing)
  }

  async #seal(tree: string, { wish, lock }: { readonly wish: Wish; readonly lock: FileLock }): Promise<void> {
    const { directory, devices, signal } = this.#options
    const files = join(tree, filesName)
    signal?.throwIfAborted()
    const { uid, gid } = lstatSync(files)
    const seal = await sealOf(files)
    await syncFilesystem(tree)
    signal?.throwIfAborted()
    if (!lock.isHeld()) throw new Error('its lock was taken over')
    const { layers, place } = wish
    await writeSealFile(join(tree, sealName), { ...seal, layers, created: new Date(), top: [uid, gid], devices })
    await lock.release()
    markUsed(directory, place)
  }
}

interface Wish extends TreeMaking {
  readonly place: UnpackedPlace
  readonly layers: readonly DiffID[]
}

export function treesIn({ path }: Pick<UnpackedPlace, 'path'>): readonly string[] {
  try {
    return readdirSync(path).filter((name) => treePattern.test(name))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/** What the volume's top directory hands down is not the image's. */
function makeTree(tree: string): string {
  const files = join(tree, filesName)
  for (const directory of [tree, files]) {
    mkdirSync(directory)
    chownSync(directory, process.getuid?.() ?? 0, process.getgid?.() ?? 0)
    chmodSync(directory, 0o755)
  }
  return files
}

function titleOf({ layers, place }: Wish): string {
  return `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'} (${shortDigest(place.chain)})`
}

function changed(tree: string, why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: 'The unpacked base has changed', where: tree, why })
}

function takenAway(files: string): HearthError {
  return new HearthError({
    code: 'cache-unusable',
    message: 'The unpacked base that this build lies on was taken away',
    where: files,
    why: 'somebody has removed it from the cache directory while it was used',
    fix: 'Build again. A build that can write to the cache directory keeps what it uses from being pruned.',
  })
}
