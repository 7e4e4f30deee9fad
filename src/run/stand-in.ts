import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, lstatSync, openSync, renameSync } from 'node:fs'
import { HearthError, messageOf } from '../errors.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import { removeTree } from '../rootfs/remove.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import { setTimesOf } from '../sys/times.ts'
import { baseName, onDisk, parentOf, type RawPath, rawPath, showPath } from '../tar/raw-path.ts'
import { provideMountPoints } from './mount-points.ts'
import { quietly } from './quietly.ts'

/**
 * Puts something at a place of "/" for a while, where nothing can be mounted: what is there is given another name in the
 * same directory, and directories that lead there are made. `make` gets the free path. Gives what undoes all of it; the
 * times of the directories around stay as they are. Throws "run-unavailable".
 */
export async function standIn(
  target: string,
  ignored: IgnoredPaths,
  make: (at: string) => void | Promise<void>,
): Promise<() => Promise<void>> {
  const place = resolveInRoot('/', rawPath(target), { followLast: true })
  refuseForeign(target, place, ignored)
  const removeParents = provideMountPoints('/', [{ path: showPath(parentOf(place)), type: 'directory' }])
  let directory: number | undefined
  try {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
    directory = openSync(onDisk('/', parentOf(place)), flags)
    const spot = new Spot(directory, baseName(place))
    await spot.take(() => make(onDisk('/', place).toString()))
    return async () => {
      await spot.giveBack()
      removeParents()
    }
  } catch (error) {
    if (directory !== undefined) closeSync(directory)
    removeParents()
    throw unusable(target, error)
  }
}

/** A name in an open directory, which may be renamed meanwhile. */
class Spot {
  readonly #directory: number
  readonly #at: Buffer
  readonly #aside: Buffer
  #moved = false

  constructor(directory: number, name: RawPath) {
    this.#directory = directory
    this.#at = onDisk(`/proc/self/fd/${directory}`, name)
    this.#aside = onDisk(`/proc/self/fd/${directory}`, rawPath(`.hearth-${randomBytes(8).toString('hex')}`))
  }

  async take(make: () => void | Promise<void>): Promise<void> {
    const { mtimeNs } = fstatSync(this.#directory, { bigint: true })
    if (exists(this.#at)) {
      renameSync(this.#at, this.#aside)
      this.#moved = true
    }
    try {
      await make()
    } catch (error) {
      await this.#clear()
      throw error
    } finally {
      setTimesOf(this.#directory, mtimeNs)
    }
  }

  /** Whatever is there by now goes: on a mount, nothing else could have come there. */
  async giveBack(): Promise<void> {
    try {
      const { mtimeNs } = fstatSync(this.#directory, { bigint: true })
      await this.#clear()
      setTimesOf(this.#directory, mtimeNs)
    } finally {
      closeSync(this.#directory)
    }
  }

  async #clear(): Promise<void> {
    // The whole directory may have been removed.
    if (exists(this.#at)) await removeTree(this.#at.toString())
    if (this.#moved && exists(this.#aside)) quietly(this.#directory, () => renameSync(this.#aside, this.#at))
  }
}

function exists(at: Buffer): boolean {
  return lstatSync(at, { throwIfNoEntry: false }) !== undefined
}

function refuseForeign(target: string, place: RawPath, ignored: IgnoredPaths): void {
  const foreign = ignored.coveredBy(place) ?? ignored.someBelow(place)
  if (foreign === undefined) return
  throw new HearthError({
    code: 'run-unavailable',
    message: `Nothing can be put at ${target} for this RUN, as commands run in the container's own root`,
    why: `${showPath(foreign)} belongs to the container and not to the image`,
    fix: 'Choose another target, or run hearth where it can make mounts: see --isolation.',
  })
}

function unusable(target: string, error: unknown): unknown {
  if (error instanceof HearthError) return error
  return new HearthError({
    code: 'run-unavailable',
    message: `Nothing can be put at ${target} for this RUN`,
    why: messageOf(error),
    fix: 'Choose another target, or run hearth where it can make mounts: see --isolation.',
    cause: error,
  })
}
