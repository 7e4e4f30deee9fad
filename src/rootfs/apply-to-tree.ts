import type { Log } from '../log.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { TarEntry } from '../tar/entry.ts'
import { joinRaw, parentOf, type RawPath, rawPath, showPath } from '../tar/raw-path.ts'
import type { StoredContent } from '../tar/sink.ts'
import type { FileTree } from './file-tree.ts'
import { KeptContents } from './kept-contents.ts'
import { TreeUnpacker, unpackToTree } from './tree-unpacker.ts'
import { type Marker, markerOf } from './whiteout.ts'

export interface ApplyToTreeOptions {
  /** The tree's number for where the contents of the layer are. */
  readonly source: number
  readonly log: Log
  readonly signal?: AbortSignal
}

/**
 * Puts a layer, an uncompressed tar, on top of a tree, as `applyLayer` puts it on top of a directory. The tar is read to
 * its end, its contents are passed over. After an error the tree must not be used. Throws HearthError.
 */
export async function applyLayerToTree(tree: FileTree, tar: Bytes, options: ApplyToTreeOptions): Promise<void> {
  const { source, log, signal } = options
  tree.wind()
  const isLowest = tree.names(rawPath('')).length === 0
  const unpacker = new TreeUnpacker({ tree, base: rawPath(''), source, keepsNames: !isLowest })
  const kept = new KeptContents(tree)
  await unpackToTree(tar, unpacker, {
    kept,
    entry: (entry, stored) => takeEntry(unpacker, { entry, stored, kept, log }),
    ...(signal === undefined ? {} : { signal }),
  })
}

interface Taken {
  readonly entry: TarEntry
  readonly stored: StoredContent
  readonly kept: KeptContents
  readonly log: Log
}

function takeEntry(unpacker: TreeUnpacker, { entry, stored, kept, log }: Taken): void {
  const marker = markerOf(entry.path)
  if (marker === undefined) kept.begin(entry, stored, unpacker.make(entry, stored))
  else if (marker.kind === 'bookkeeping') log.debug(`passing over ${showPath(entry.path)}, which is no content`)
  else hide(unpacker, parentOf(entry.path), marker)
}

function hide(unpacker: TreeUnpacker, path: RawPath, marker: Exclude<Marker, { kind: 'bookkeeping' }>): void {
  if (marker.kind === 'opaque') {
    const directory = unpacker.makeDirectory(path)
    if (unpacker.names !== undefined) unpacker.removeLower(directory)
    return
  }
  const parent = unpacker.findDirectory(path)
  // Below the lowest layer there is nothing to hide.
  if (parent === undefined || unpacker.names === undefined) return
  const hidden = joinRaw(parent, marker.name)
  if (!unpacker.exists(hidden)) return
  // A name that is this layer's, too, stays; what lower layers have put below it goes.
  if (unpacker.names.has(parent, marker.name)) unpacker.removeLower(hidden)
  else unpacker.remove(hidden)
}
