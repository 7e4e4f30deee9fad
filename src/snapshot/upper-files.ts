import { readdirSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { OverlayMarks } from '../rootfs/overlay-mount.ts'
import { type FileRecord, recordOf } from '../rootfs/record.ts'
import { getXattr } from '../sys/xattr.ts'
import { joinRaw, onDisk, type RawPath, rawPath } from '../tar/raw-path.ts'

/** Where the two sides of an overlay can be seen: host directories. */
export interface OverlaySides {
  /** What the overlay shows without the upper directory. */
  readonly before: string
  readonly upper: string
  readonly marks: OverlayMarks
}

/** One name that an upper directory says something about. */
export interface UpperFile {
  readonly path: RawPath
  /** What it is in the upper directory; undefined when it is gone. */
  readonly upper: FileRecord | undefined
  /** What it was before; undefined when it is new. */
  readonly before: FileRecord | undefined
}

interface OpenDirectory {
  readonly path: RawPath
  readonly names: readonly RawPath[]
  next: number
  /** Whether it was a directory before; otherwise a lookup below it could follow what was a symlink. */
  readonly wasThere: boolean
  /** Nothing of before shows through in it. */
  readonly opaque: boolean
}

/**
 * All that an upper directory says, parents first, siblings in byte order: files that are there, and what is gone, only
 * the top of it. Whiteouts and opaque directories are translated; what is gone from nothing is left out.
 */
export function* upperFiles(sides: OverlaySides, ignored?: IgnoredPaths): Generator<UpperFile> {
  const top = {
    path: rawPath(''),
    upper: recordOf(sides.upper, rawPath('')),
    before: recordOf(sides.before, rawPath('')),
  }
  yield top
  const open = [openDirectory(sides, top, false)]
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const name = last.names[last.next]
    last.next += 1
    if (name === undefined) {
      open.pop()
      continue
    }
    const path = joinRaw(last.path, name)
    if (ignored?.covers(path) === true) continue
    const file = fileAt(sides, path, last.wasThere)
    if (file.upper === undefined && file.before === undefined) continue
    if (file.upper?.type === 'directory') open.push(openDirectory(sides, file, last.opaque))
    yield file
  }
}

function fileAt(sides: OverlaySides, path: RawPath, wasThere: boolean): UpperFile {
  const upper = recordOf(sides.upper, path)
  return {
    path,
    upper: upper === undefined || isWhiteout(upper) ? undefined : upper,
    before: wasThere ? recordOf(sides.before, path) : undefined,
  }
}

function isWhiteout({ type, rdev }: FileRecord): boolean {
  return type === 'character' && rdev === 0n
}

function openDirectory(sides: OverlaySides, { path, before }: UpperFile, within: boolean): OpenDirectory {
  const wasThere = before?.type === 'directory'
  const opaque = within || isOpaque(sides, path)
  const names = new Set(namesIn(sides.upper, path))
  if (opaque && wasThere) for (const name of namesIn(sides.before, path)) names.add(name)
  return { path, names: [...names].sort(), next: 0, wasThere, opaque }
}

function namesIn(root: string, path: RawPath): readonly RawPath[] {
  return readdirSync(onDisk(root, path), { encoding: 'latin1' }) as RawPath[]
}

function isOpaque({ upper, marks }: OverlaySides, path: RawPath): boolean {
  try {
    return getXattr(onDisk(upper, path), `${marks}.overlay.opaque`).toString('latin1') === 'y'
  } catch (error) {
    if (['ENODATA', 'ENOTSUP'].includes(systemCode(error) ?? '')) return false
    throw error
  }
}
