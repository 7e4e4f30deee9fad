import { readdirSync } from 'node:fs'
import { HearthError } from '../errors.ts'
import { baseName, joinRaw, onDisk, type RawPath, rawPath, showPath } from '../tar/raw-path.ts'
import type { IgnoredPaths } from './ignored-paths.ts'
import { unreadable } from './open-source.ts'
import { type FileRecord, recordOf } from './record.ts'
import type { Root } from './root.ts'

/** Keeps files of a tree out of a copy. Paths are relative to the tree's root. */
export interface SourceFilter {
  ignores(path: RawPath): boolean
  /** True when nothing below an ignored path can be wanted, should it be a directory: it is not even looked at then. */
  prunes(directory: RawPath): boolean
}

/** A file or directory to copy out of a tree. */
export interface SelectedSource {
  /** The tree it lies in. */
  readonly root: Root
  /** Below `root`, every symlink resolved. */
  readonly path: RawPath
  /** Name it gets when it is copied into a directory: the one it was asked for by, before symlinks were followed. */
  readonly name: RawPath
  /** Of a directory the contents are copied, not the directory itself. */
  readonly isDirectory: boolean
  readonly filter?: SourceFilter
  /** What of a directory the instruction leaves out, by paths below it. */
  readonly narrowing?: SourceFilter
  /** What it held when it was digested, in the order of `entriesOf`: a copy must find the same. */
  readonly seen?: readonly FileRecord[]
  /** Told of each socket that is passed by, whenever the source is walked. */
  readonly onSocket?: (path: RawPath) => void
}

/** One file of a selected source. */
export interface SourceEntry {
  /** With the path below the source's root. */
  readonly record: FileRecord
  /** Below the selected path; '' is that path itself. */
  readonly path: RawPath
  /** A directory that is left out itself, and stands here for what is in it. */
  readonly isOnTheWay: boolean
}

interface OpenDirectory {
  readonly record: FileRecord
  readonly names: readonly RawPath[]
  next: number
  /** Whether the directory has been handed out; an ignored one is, once something below it is wanted. */
  shown: boolean
  readonly isOnTheWay: boolean
}

/** All of a root but what is ignored in it. */
export function wholeRoot(root: string, ignored?: IgnoredPaths): SelectedSource {
  const all = { root, path: rawPath(''), name: rawPath(''), isDirectory: true }
  return ignored === undefined ? all : { ...all, filter: { ignores: ignored.covers, prunes: ignored.covers } }
}

/**
 * Everything a source holds, parents first, siblings in byte order, symlinks as they are. Sockets are left out: no layer
 * can hold one.
 */
export function* entriesOf(source: SelectedSource): Generator<SourceEntry> {
  const top = recordOf(source.root, source.path)
  if (top === undefined || (top.type === 'directory') !== source.isDirectory) throw vanished(source.path)
  const entry = (record: FileRecord, isOnTheWay = false): SourceEntry => ({
    record,
    path: below(source.path, record.path),
    isOnTheWay,
  })
  yield entry(top)
  if (top.type !== 'directory') return
  const open: OpenDirectory[] = [{ ...openDirectory(source.root, { record: top, isOnTheWay: false }), shown: true }]
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const next = nextIn(source, last)
    if (next === undefined) {
      open.pop()
      continue
    }
    const { record, ignored } = next
    if (record.type === 'directory') open.push(openDirectory(source.root, next))
    if (!ignored && record.type === 'socket') source.onSocket?.(record.path)
    if (ignored || record.type === 'socket') continue
    for (const directory of reveal(open)) yield entry(directory.record, directory.isOnTheWay)
    if (record.type !== 'directory') yield entry(record)
  }
}

/** Whether a path survives the filter: it is wanted itself, or it is a directory with something wanted in it. */
export function isWanted(source: SelectedSource): boolean {
  if (source.filter === undefined || source.path === '' || !source.filter.ignores(source.path)) return true
  if (!source.isDirectory || source.filter.prunes(source.path)) return false
  const entries = entriesOf(source)
  entries.next()
  return entries.next().done !== true
}

/** The names in a directory that is there, in byte order. */
export function namesIn(root: Root, path: RawPath): readonly RawPath[] {
  if (typeof root !== 'string') return root.names(path)
  try {
    return readdirSync(onDisk(root, path), { encoding: 'latin1' }).sort() as RawPath[]
  } catch (error) {
    throw unreadable(error, path)
  }
}

function openDirectory(root: Root, { record, isOnTheWay }: Omit<NextFile, 'ignored'>): OpenDirectory {
  return { record, names: namesIn(root, record.path), next: 0, shown: false, isOnTheWay }
}

interface NextFile {
  readonly record: FileRecord
  readonly ignored: boolean
  /** Ignored by the source's own narrowing. */
  readonly isOnTheWay: boolean
}

/** The next file of a directory that is still there and may matter. */
function nextIn(source: SelectedSource, directory: OpenDirectory): NextFile | undefined {
  const { root, filter, narrowing } = source
  for (;;) {
    const name = directory.names[directory.next]
    if (name === undefined) return undefined
    directory.next += 1
    const path = joinRaw(directory.record.path, name)
    const hidden = filter?.ignores(path) === true
    if (hidden && filter?.prunes(path) === true) continue
    const inside = narrowing === undefined ? path : below(source.path, path)
    const isOnTheWay = narrowing?.ignores(inside) === true
    if (isOnTheWay && narrowing?.prunes(inside) === true) continue
    const record = recordOf(root, path)
    if (record !== undefined) return { record, ignored: hidden || isOnTheWay, isOnTheWay }
  }
}

/** The directories on the way that nobody has seen yet. */
function reveal(open: readonly OpenDirectory[]): readonly OpenDirectory[] {
  const fresh = open.filter((directory) => !directory.shown)
  for (const directory of fresh) directory.shown = true
  return fresh
}

/** `path` as seen from `base`, which it is equal to or lies below. */
function below(base: RawPath, path: RawPath): RawPath {
  if (base === '') return path
  return path === base ? rawPath('') : (path.slice(base.length + 1) as RawPath)
}

/** A selected source for a path that is known to exist. */
export function sourceAt(root: Root, record: FileRecord, filter?: SourceFilter): SelectedSource {
  const { path, type } = record
  const common = { root, path, name: baseName(path), isDirectory: type === 'directory' }
  return filter === undefined ? common : { ...common, filter }
}

function vanished(path: RawPath): HearthError {
  return new HearthError({
    code: 'copy-source',
    message: `${showPath(path)} is not what it was a moment ago`,
    why: 'something else changes the files while they are copied',
    fix: 'Build from files that stay as they are.',
  })
}
