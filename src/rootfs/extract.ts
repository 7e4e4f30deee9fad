import type { Bytes } from '../stream/bytes.ts'
import type { TarEntry } from '../tar/entry.ts'
import type { RawPath } from '../tar/raw-path.ts'
import type { UnpackOptions } from './apply.ts'
import { Directories, hostPath } from './directories.ts'
import { exchanged } from './disk-failure.ts'
import { ignoredWithin } from './ignored-paths.ts'
import { KeptContents } from './kept-contents.ts'
import type { ContentSource } from './node-table.ts'
import type { Root } from './root.ts'
import { TreeUnpacker, unpackToTree } from './tree-unpacker.ts'
import { unpack } from './unpack.ts'
import { Unpacker } from './unpacker.ts'

export interface Ownership {
  readonly uid: number
  readonly gid: number
}

export interface ExtractOptions extends Omit<UnpackOptions, 'onMoved'> {
  /** Owner of everything in the archive, instead of the ones it names. */
  readonly owner?: Ownership
  /** Where a tree finds the contents: it has the bytes of the tar once the tar has been read. */
  readonly contents?: ContentSource
}

/**
 * Unpacks an archive into an existing directory of a root, as ADD does. For the archive that directory is "/": neither
 * its names nor symlinks lead out of it. Names of whiteouts have no meaning here, and an entry for the top leaves the
 * directory as it is. What the archive has at ignored paths is left out, with a warning. The tar is read to its end.
 * Throws HearthError.
 */
export async function extractArchive(root: Root, target: RawPath, tar: Bytes, options: ExtractOptions): Promise<void> {
  const { owner, signal } = options
  if (typeof root !== 'string') {
    const source = options.contents === undefined ? 0 : root.addSource(options.contents)
    const unpacker = new TreeUnpacker({ tree: root, base: target, source })
    const kept = new KeptContents(root)
    return unpackToTree(tar, unpacker, {
      ...options,
      kept,
      entry: (found, stored) => {
        if (found.path === '') return
        kept.begin(found, stored, unpacker.make(owner === undefined ? found : { ...found, ...owner }, stored))
      },
    })
  }
  const unpacker = unpackerAt(root, target, options)
  const entry = (found: TarEntry): void => {
    if (found.path !== '') unpacker.make(owner === undefined ? found : { ...found, ...owner })
  }
  await unpack(tar, { unpacker, entry, signal })
}

/** Unpacks below a directory that is reached without leaving the root. */
function unpackerAt(root: string, target: RawPath, { log, ignored }: ExtractOptions): Unpacker {
  const directories = new Directories(root, ignored === undefined ? {} : { ignored })
  try {
    const found = directories.find(target)
    if (found === undefined) throw exchanged(target)
    const within = ignored === undefined ? {} : { ignored: ignoredWithin(ignored, found.path) }
    return new Unpacker(hostPath(found, '.').toString('latin1'), { log, ...within })
  } finally {
    directories.close()
  }
}
