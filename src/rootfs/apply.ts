import { lstatSync } from 'node:fs'
import type { Log } from '../log.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { TarEntry } from '../tar/entry.ts'
import { joinRaw, parentOf, type RawPath, showPath } from '../tar/raw-path.ts'
import { type Directory, hostPath } from './directories.ts'
import type { IgnoredPaths } from './ignored-paths.ts'
import { removeLower } from './lower-files.ts'
import type { Move } from './move-mounts.ts'
import { unpack } from './unpack.ts'
import { Unpacker } from './unpacker.ts'
import { type Marker, markerOf } from './whiteout.ts'

export interface UnpackOptions {
  readonly log: Log
  readonly signal?: AbortSignal
  /** What in the root is not the image's and stays as it is; what the layer has there is left out. */
  readonly ignored?: IgnoredPaths
  /**
   * Allows a directory in which something is mounted to make way for a symlink: the mounts move where the link leads, and
   * keep their names with it. Without it, or where that is not possible, such a directory stays, with a warning.
   */
  readonly onMoved?: (moves: readonly Move[]) => void
  /** Devices that may not be made are left out with a warning, instead of an error. */
  readonly mayLackDevices?: boolean
}

/**
 * Puts a layer, an uncompressed tar, on top of what is in a root. Whiteouts and opaque directories hide what lower
 * layers made, wherever in the layer they stand. Nothing outside the root is read, changed or removed, whatever names
 * and symlinks say, and nothing that is ignored. The tar is read to its end, so that its digest can be checked; after an
 * error the root must not be used. Throws HearthError.
 */
export async function applyLayer(root: string, tar: Bytes, options: UnpackOptions): Promise<void> {
  const unpacker = new Unpacker(root, options)
  await unpack(tar, { unpacker, entry: (entry) => takeEntry(unpacker, entry, options), signal: options.signal })
}

function takeEntry(unpacker: Unpacker, entry: TarEntry, { log, ignored }: UnpackOptions): void {
  const marker = markerOf(entry.path)
  const owned = ignored?.coveredBy(entry.path)
  if (owned !== undefined) log.debug(`passing over ${showPath(entry.path)}: ${showPath(owned)} is the machine's`)
  else if (marker === undefined) unpacker.make(entry)
  else if (marker.kind === 'bookkeeping') log.debug(`passing over ${showPath(entry.path)}, which is no content`)
  else unpacker.attempt(entry, () => hide(unpacker, parentOf(entry.path), marker))
}

function hide(unpacker: Unpacker, path: RawPath, marker: Exclude<Marker, { kind: 'bookkeeping' }>): void {
  const { directories, names } = unpacker
  directories.trim()
  if (marker.kind === 'opaque') {
    removeLower(unpacker, directories.make(path).path)
    return
  }
  const parent = directories.find(path)
  if (parent === undefined || !exists(parent, marker.name)) return
  // A name that is this layer's, too, stays; what lower layers have put below it goes.
  if (names.has(parent.path, marker.name)) removeLower(unpacker, joinRaw(parent.path, marker.name))
  else unpacker.remove(parent, marker.name)
}

function exists(parent: Directory, name: string): boolean {
  return lstatSync(hostPath(parent, name), { throwIfNoEntry: false }) !== undefined
}
