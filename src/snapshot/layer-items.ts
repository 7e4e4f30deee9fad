import { deviceOf } from '../rootfs/copy-node.ts'
import { readXattrs } from '../rootfs/metadata.ts'
import { readLink } from '../rootfs/read-link.ts'
import { type FileRecord, inodeOf } from '../rootfs/record.ts'
import type { Root } from '../rootfs/root.ts'
import type { TarEntry, TarItem } from '../tar/entry.ts'
import { baseName, joinRaw, parentOf, type RawPath } from '../tar/raw-path.ts'
import { fileContent } from './file-content.ts'
import { type LayerChanges, membersOf } from './layer-order.ts'

export interface LayerItemsOptions {
  /** Later times become this one; nanoseconds since the epoch. */
  readonly clampMtimeNs?: bigint
  /** Told where in the layer, uncompressed, the content of a file begins. */
  readonly onPlaced?: (record: FileRecord, offset: number) => void
}

/**
 * The members of the layer that turns the root from before into the one with these changes: equal roots give equal
 * members in the same order. Files are opened when their content is asked for. Of several names of one file, the first
 * in order is the file, and the others are links to it.
 */
export function* layerItems(root: Root, changes: LayerChanges, options: LayerItemsOptions = {}): Generator<TarItem> {
  const links = new Map<string, RawPath>()
  for (const member of membersOf(root, changes)) {
    if (member.kind === 'removed') yield whiteout(member.path)
    else yield fileItem({ root, record: member.record, links, ...options })
  }
}

interface LayerFile extends LayerItemsOptions {
  readonly root: Root
  readonly record: FileRecord
  /** First names of files with several names, by device and inode. */
  readonly links: Map<string, RawPath>
}

function fileItem(file: LayerFile): TarItem {
  const { root, record, links } = file
  const { path, type } = record
  const first = type === 'directory' || record.nlink === 1 ? path : firstName(record, links)
  const common = { path, ...ownerAndMode(record), mtimeNs: mtimeOf(file) }
  // Attributes are the file's, not the name's: they come with the first one.
  if (first !== path) return { entry: { ...common, xattrs: noXattrs, type: 'hardlink', target: first } }
  const entry = { ...common, xattrs: readXattrs(root, path) }
  if (type === 'file') {
    const item = { entry: { ...entry, type, size: record.size }, open: () => fileContent(root, record) }
    const { onPlaced } = file
    return onPlaced === undefined ? item : { ...item, onPlaced: (offset) => onPlaced(record, offset) }
  }
  return { entry: { ...entry, ...special(root, record) } }
}

/** What a member has that is no file: a symlink's target, the numbers of a device. */
function special(root: Root, { path, type, rdev }: FileRecord): SpecialEntry {
  switch (type) {
    case 'symlink':
      return { type, target: readLink(root, path) }
    case 'character':
    case 'block':
      return { type, ...deviceOf(rdev) }
    case 'directory':
    case 'fifo':
      return { type }
    case 'file':
    case 'socket':
      throw new TypeError(`a ${type} is not a special member`)
  }
}

type SpecialEntry =
  | Pick<Extract<TarEntry, { type: 'symlink' }>, 'type' | 'target'>
  | Pick<Extract<TarEntry, { type: 'character' | 'block' }>, 'type' | 'major' | 'minor'>
  | Pick<Extract<TarEntry, { type: 'fifo' | 'directory' }>, 'type'>

function firstName(record: FileRecord, links: Map<string, RawPath>): RawPath {
  const identity = inodeOf(record)
  const first = links.get(identity)
  if (first === undefined) links.set(identity, record.path)
  return first ?? record.path
}

function ownerAndMode({ mode, uid, gid }: FileRecord): Pick<TarEntry, 'mode' | 'uid' | 'gid'> {
  return { mode, uid, gid }
}

function mtimeOf({ record, clampMtimeNs }: LayerFile): bigint {
  return clampMtimeNs !== undefined && record.mtimeNs > clampMtimeNs ? clampMtimeNs : record.mtimeNs
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()

/** An empty file, the same for everybody: who deleted what when is nothing a layer tells. */
function whiteout(path: RawPath): TarItem {
  const name = joinRaw(parentOf(path), `.wh.${baseName(path)}` as RawPath)
  const owner = { mode: 0, uid: 0, gid: 0 }
  return { entry: { type: 'file', path: name, ...owner, mtimeNs: 0n, xattrs: noXattrs, size: 0 }, open: () => [] }
}
