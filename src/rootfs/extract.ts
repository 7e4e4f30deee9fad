import type { Bytes } from '../stream/bytes.ts'
import type { TarEntry } from '../tar/entry.ts'
import type { RawPath } from '../tar/raw-path.ts'
import { readTar } from '../tar/read.ts'
import type { UnpackOptions } from './apply.ts'
import { Directories, hostPath } from './directories.ts'
import { exchanged } from './disk-failure.ts'
import { finishDirectories } from './finish-directories.ts'
import { Unpacker } from './unpacker.ts'

export interface Ownership {
  readonly uid: number
  readonly gid: number
}

export interface ExtractOptions extends UnpackOptions {
  /** Owner of everything in the archive, instead of the ones it names. */
  readonly owner?: Ownership
}

/**
 * Unpacks an archive into an existing directory of a root, as ADD does. For the archive that directory is "/": neither
 * its names nor symlinks lead out of it. Names of whiteouts have no meaning here, and an entry for the top leaves the
 * directory as it is. The tar is read to its end. Throws HearthError.
 */
export async function extractArchive(
  root: string,
  target: RawPath,
  tar: Bytes,
  { log, owner, signal }: ExtractOptions,
): Promise<void> {
  const unpacker = unpackerAt(root, target, log)
  const sink = {
    entry: (entry: TarEntry) => {
      if (entry.path !== '') unpacker.make(owner === undefined ? entry : { ...entry, ...owner })
    },
    data: (chunk: Uint8Array, start: number, end: number) => unpacker.write(chunk, start, end),
    hole: (size: number) => unpacker.skip(size),
    fileEnd: () => unpacker.finishFile(),
  }
  try {
    await readTar(tar, sink, signal === undefined ? {} : { signal })
    await finishDirectories(unpacker)
  } finally {
    unpacker.close()
  }
}

/** Unpacks below a directory that is reached without leaving the root. */
function unpackerAt(root: string, target: RawPath, log: ExtractOptions['log']): Unpacker {
  const directories = new Directories(root)
  try {
    const found = directories.find(target)
    if (found === undefined) throw exchanged(target)
    return new Unpacker(hostPath(found, '.').toString('latin1'), log)
  } finally {
    directories.close()
  }
}
