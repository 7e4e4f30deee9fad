import { HearthError } from '../errors.ts'
import { showPath } from '../tar/raw-path.ts'
import type { NodeCopy } from './copy-node.ts'
import type { FileTree, NewNode } from './file-tree.ts'
import { readLink } from './read-link.ts'
import { readRecorded } from './read-recorded.ts'
import { type FileRecord, inodeOf } from './record.ts'
import type { Root } from './root.ts'
import { changedSource } from './unchanged-entries.ts'

/**
 * Adds a copy of anything but a directory to a tree. The content of a file on disk stays there until it is wanted, and
 * must be what it was by then. True when it became one more name of a file that is in the tree already.
 */
export function copyToTree({ from, record, root, at, links }: NodeCopy & { readonly root: FileTree }): boolean {
  const identity = inodeOf(record)
  const first = record.type === 'file' && record.nlink > 1 ? links.get(identity) : undefined
  if (first !== undefined) {
    root.link(first, at)
    return true
  }
  root.put(at, nodeOf(from, record))
  if (record.type === 'file') links.set(identity, at)
  return false
}

function nodeOf(from: Root, record: FileRecord): NewNode {
  const { type, size } = record
  switch (type) {
    case 'file':
      return { type, size, content: typeof from === 'string' ? contentOnDisk(from, record) : from.content(record) }
    case 'symlink':
      return { type, target: readLink(from, record.path).toString('latin1') }
    case 'character':
    case 'block':
      return { type, rdev: record.rdev }
    case 'fifo':
      return { type }
    case 'directory':
    case 'socket':
      throw new HearthError({ code: 'internal', message: `${showPath(record.path)} cannot be copied as a file` })
  }
}

function contentOnDisk(root: string, record: FileRecord): ReturnType<FileTree['content']> {
  const { size, mtimeNs, ctimeNs } = record
  return () =>
    readRecorded({
      root,
      record,
      isSame: (stat) => Number(stat.size) === size && stat.mtimeNs === mtimeNs && stat.ctimeNs === ctimeNs,
      changed: changedSource,
    })
}
