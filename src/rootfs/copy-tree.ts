import type { ModeChange } from '../dockerfile/mode.ts'
import { HearthError } from '../errors.ts'
import type { Log } from '../log.ts'
import { joinRaw, parentOf, type RawPath, showPath } from '../tar/raw-path.ts'
import { type Destination, parseDestination } from './copy-destination.ts'
import { copyNode } from './copy-node.ts'
import type { Ownership } from './extract.ts'
import type { IgnoredPaths } from './ignored-paths.ts'
import { makeDirectories, makeDirectory, notADirectory, refuseIgnored } from './make-directories.ts'
import { applyMetadata, readXattrs } from './metadata.ts'
import { type FileRecord, recordOf } from './record.ts'
import { resolveInRoot } from './resolve.ts'
import type { Root } from './root.ts'
import { removeFile, setTime, writeFile } from './root-changes.ts'
import type { SelectedSource } from './selected-source.ts'
import { unchangedEntries } from './unchanged-entries.ts'

/** A file that stands in the Dockerfile itself. */
export interface InlineFile {
  readonly name: RawPath
  readonly content: string
  readonly mtimeNs: bigint
}

/** A file on disk, and what it shall have other than it has there: a download's time. */
export interface SourceFile extends SelectedSource {
  readonly overrides?: { readonly mode: number; readonly mtimeNs: bigint }
}

export type CopySource = SourceFile | InlineFile

export interface CopyOptions {
  readonly sources: readonly CopySource[]
  /** The root that receives the files. */
  readonly root: Root
  /** As written: relative to `workdir`; a slash or "." at its end asks for a directory. */
  readonly destination: string
  readonly workdir: string
  /** Owner of everything copied, and of directories made on the way. */
  readonly owner?: Ownership
  /** Applied to everything copied, and to directories made on the way. */
  readonly mode?: ModeChange
  /** Without `owner`: true leaves files the owner they have (COPY --from), false gives them to 0:0. */
  readonly keepOwner: boolean
  /** Is told of attributes that the filesystem cannot hold. */
  readonly log: Log
  /** What in the root is not the image's: no file can be copied there, and directories there stay as they are. */
  readonly ignored?: IgnoredPaths
  readonly signal?: AbortSignal
}

interface Copying extends CopyOptions {
  /** Names of attributes that could not be kept. */
  readonly lost: Set<string>
  /** Directories that were not there before. */
  readonly made: Set<RawPath>
}

/** Copies files into a root by BuildKit's rules. Nothing is read outside the sources' roots or written outside this. */
export async function copyInto(options: CopyOptions): Promise<void> {
  const place = parseDestination(options.destination, options.workdir)
  refuseToOverwrite(options, place)
  const lost = new Set<string>()
  const copy = { ...options, lost, made: new Set<RawPath>() }
  for (const source of options.sources) await copySource(source, place, copy)
  for (const name of lost) {
    options.log.warn(`the filesystem cannot hold the extended attribute ${JSON.stringify(name)}: files go without it`)
  }
}

async function copySource(source: CopySource, place: Destination, copy: Copying): Promise<void> {
  const { root, ignored } = copy
  const isTree = !isInline(source) && source.isDirectory
  const directory = place.isDirectory || isTree ? place.path : parentOf(place.path)
  makeDirectories(root, directory, newDirectory(copy), ignored)
  const target = resolveInRoot(root, place.path, { followLast: true })
  refuseIgnored(target, ignored)
  if (isTree) return copyTree(source, target, copy)
  // A symlink to nowhere has been followed: what it points to may lack its directory.
  makeDirectories(root, parentOf(target), newDirectory(copy), ignored)
  const at = recordOf(root, target)?.type === 'directory' ? joinRaw(target, source.name) : target
  clearPlace(at, copy)
  if (isInline(source)) writeInline(source, at, copy)
  else await copyTree(source, at, copy)
}

/** Copies a file to `target`, or the contents of a directory into the directory `target`. */
async function copyTree(source: SourceFile, target: RawPath, copy: Copying): Promise<void> {
  const { root } = copy
  const links = new Map<string, RawPath>()
  const directories: (() => void)[] = []
  for (const { record, path, isOnTheWay } of unchangedEntries(source)) {
    copy.signal?.throwIfAborted()
    const at = path === '' ? target : joinRaw(target, path)
    if (record.type !== 'directory') {
      if (path !== '') clearPlace(at, copy)
      const shared = await copyNode({ from: source.root, record, root, at, links })
      if (!shared) finish({ source, record, at }, copy)
    } else if (path === '') {
      directories.push(() => setTime(root, at, record.mtimeNs))
    } else if (copy.ignored?.covers(at) !== true) {
      if (openPlace(root, at)) copy.made.add(at)
      const keeps = isOnTheWay && !copy.made.has(at)
      directories.push(() => (keeps ? finishExisting : finish)({ source, record, at }, copy))
    }
  }
  // Filling a directory changes its time, and its own mode may forbid filling it: the deepest one is finished first.
  for (const finishDirectory of directories.reverse()) finishDirectory()
}

interface Copied {
  readonly source: SourceFile
  readonly record: FileRecord
  readonly at: RawPath
}

function finish({ source, record, at }: Copied, copy: Copying): void {
  const { overrides } = source
  const mode = overrides?.mode ?? record.mode
  const isDirectory = record.type === 'directory'
  const lost = applyMetadata(copy.root, at, {
    type: record.type,
    path: at,
    ...ownerOf(record, copy),
    mode: record.type === 'symlink' ? mode : changed(copy, mode, isDirectory),
    mtimeNs: overrides?.mtimeNs ?? record.mtimeNs,
    xattrs: readXattrs(source.root, record.path),
  })
  for (const name of lost) copy.lost.add(name)
}

/** A directory of the root that only leads to what is copied keeps all it has but its mode, as BuildKit has it. */
function finishExisting({ record, at }: Copied, copy: Copying): void {
  const existing = recordOf(copy.root, at)
  if (existing === undefined) return
  const mode = changed(copy, record.mode, true)
  if (existing.mode !== mode) applyMetadata(copy.root, at, { ...existing, mode, xattrs: new Map() })
}

function writeInline(file: InlineFile, at: RawPath, copy: CopyOptions): void {
  writeFile(copy.root, at, file.content)
  const mode = changed(copy, 0o644, false)
  const owner = copy.owner ?? rootOwner
  applyMetadata(copy.root, at, { type: 'file', path: at, ...owner, mode, mtimeNs: file.mtimeNs, xattrs: new Map() })
}

/** Removes a file that a new one replaces. It is never written into: it may have other names. */
function clearPlace(at: RawPath, { root, ignored }: CopyOptions): void {
  refuseIgnored(at, ignored)
  const type = recordOf(root, at)?.type
  if (type !== undefined && type !== 'directory') removeFile(root, at)
  if (type !== 'directory') return
  throw new HearthError({
    code: 'copy-destination',
    message: `cannot replace the directory ${showPath(at)} with a file`,
    fix: 'Remove the directory in a RUN before, or copy under another name.',
  })
}

/** Makes sure that a directory is there, and says whether it was missing; its metadata comes later. */
function openPlace(root: Root, at: RawPath): boolean {
  const existing = recordOf(root, at)
  if (existing === undefined) makeDirectory(root, at, { uid: 0, gid: 0, mode: 0o700 })
  else if (existing.type !== 'directory') throw notADirectory(at)
  return existing === undefined
}

/** BuildKit lets every further file silently replace the one before it. */
function refuseToOverwrite(copy: CopyOptions, place: Destination): void {
  const target = resolveInRoot(copy.root, place.path, { followLast: true })
  let files = place.isDirectory || recordOf(copy.root, target)?.type === 'directory' ? Number.NEGATIVE_INFINITY : 0
  for (const source of copy.sources) {
    files = !isInline(source) && source.isDirectory ? Number.NEGATIVE_INFINITY : files + 1
    if (files <= 1) continue
    throw new HearthError({
      code: 'copy-destination',
      message: `several files cannot all become ${copy.destination}`,
      why: 'no directory of that name exists, and the destination does not end with a slash',
      fix: `Write ${copy.destination}/ to copy them into a directory.`,
    })
  }
}

function isInline(source: CopySource): source is InlineFile {
  return 'content' in source
}

const rootOwner: Ownership = { uid: 0, gid: 0 }

function ownerOf(record: FileRecord, copy: CopyOptions): Ownership {
  if (copy.owner !== undefined) return copy.owner
  return copy.keepOwner ? { uid: record.uid, gid: record.gid } : rootOwner
}

function newDirectory(copy: CopyOptions): Ownership & { readonly mode: number } {
  return { ...(copy.owner ?? rootOwner), mode: changed(copy, 0o755, true) & 0o777 }
}

function changed(copy: CopyOptions, mode: number, isDirectory: boolean): number {
  return copy.mode === undefined ? mode : copy.mode(mode, isDirectory)
}
