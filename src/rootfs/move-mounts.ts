import { lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { baseName, joinRaw, onDisk, parentOf, type RawPath } from '../tar/raw-path.ts'
import { type Directory, hostPath } from './directories.ts'
import { mountsWithin } from './mounts.ts'

/** A file or directory that has got another place, both below the root. */
export interface Move {
  readonly from: RawPath
  readonly to: RawPath
}

/**
 * Moves what is mounted in a directory, with the directories that lead there, into another one of the same mount, and
 * removes the directory. The mounts go along as they are. Throws what the system says against it, or that there is more
 * in the directory than mounts; then everything is where it was.
 */
export function moveMounts(from: Directory, to: Directory): readonly Move[] {
  if (to.path === from.path || to.path.startsWith(`${from.path}/`)) throw new Error('it would be moved into itself')
  const host = readlinkSync(`/proc/self/fd/${from.descriptor}`, 'latin1')
  refuseOthers(host, mountsWithin(host))
  const moves: Move[] = []
  try {
    merge({ from: from.path, to: to.path }, [hostPath(from, '.'), hostPath(to, '.')], moves)
    rmdirSync(onDisk(`/proc/self/fd/${parentDescriptor(from)}`, baseName(from.path)))
    return moves
  } catch (error) {
    const root = `/proc/self/fd/${rootOf(from).descriptor}`
    for (const move of moves.reverse()) moveBack(root, move)
    throw error
  }
}

/** Moves something where it was before, below the same root; what is not there any more stays away. */
export function moveBack(root: string, { from, to }: Move): void {
  if (lstatSync(onDisk(root, to), { throwIfNoEntry: false }) === undefined) return
  makeRealDirectory(root, parentOf(from))
  renameSync(onDisk(root, to), onDisk(root, from))
}

/** Throws when anything below a directory is neither a mount nor leads to one. */
function refuseOthers(directory: string, mounts: readonly string[]): void {
  for (const entry of readdirSync(Buffer.from(directory, 'latin1'), { encoding: 'latin1', withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (mounts.includes(path)) continue
    if (!entry.isDirectory() || !mounts.some((mount) => mount.startsWith(`${path}/`))) {
      throw new Error(`there is more in it than mounts: ${entry.name}`)
    }
    refuseOthers(path, mounts)
  }
}

type Pair = readonly [from: Buffer, to: Buffer]

function merge(paths: Move, [from, to]: Pair, moves: Move[]): void {
  for (const name of readdirSync(from, { encoding: 'latin1' }) as RawPath[]) {
    const move = { from: joinRaw(paths.from, name), to: joinRaw(paths.to, name) }
    const [source, target] = [within(from, name), within(to, name)]
    const meets = lstatSync(target, { throwIfNoEntry: false })
    if (meets?.isDirectory() === true && readdirSync(target).length > 0) {
      merge(move, [source, target], moves)
      rmdirSync(source)
    } else {
      // Takes the place of an empty directory, but of nothing else.
      if (meets?.isDirectory() === false) throw new Error(`there is something else of that name: ${name}`)
      renameSync(source, target)
      moves.push(move)
    }
  }
}

function within(host: Buffer, name: RawPath): Buffer {
  return Buffer.concat([host, Buffer.from(`/${name}`, 'latin1')])
}

/** Makes a directory where there is none, and in place of whatever else is in the way. */
function makeRealDirectory(root: string, path: RawPath): void {
  if (path === '') return
  makeRealDirectory(root, parentOf(path))
  const stat = lstatSync(onDisk(root, path), { throwIfNoEntry: false })
  if (stat?.isDirectory() === true) return
  if (stat !== undefined) unlinkSync(onDisk(root, path))
  mkdirSync(onDisk(root, path), { mode: 0o755 })
}

function rootOf(directory: Directory): Directory {
  return directory.parent === undefined ? directory : rootOf(directory.parent)
}

function parentDescriptor({ parent }: Directory): number {
  if (parent === undefined) throw new TypeError('the root has no other place')
  return parent.descriptor
}
