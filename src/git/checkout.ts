import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemCode } from '../errors.ts'
import { setTimes } from '../sys/times.ts'
import { joinRaw, onDisk, type RawPath, rawPath, showPath } from '../tar/raw-path.ts'
import { ProtocolError } from './failure.ts'
import { type Commit, readTree, type TreeEntry } from './objects.ts'
import type { Pack } from './pack.ts'

/** A file of a commit, or a place in it for another repository. */
export interface CheckedOut extends TreeEntry {
  /** Below the top of what was checked out. */
  readonly path: RawPath
  /** Bytes of a file, or of the text of a symlink. */
  readonly size: number
}

export interface CheckoutOptions {
  readonly pack: Pack
  readonly commit: Commit
  /** Existing and empty. */
  readonly directory: string
  /** The directory of the repository whose files are wanted. */
  readonly only?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes the files of a commit, with git's modes and the commit's time. Submodules are left as empty directories. Gives
 * all but the directories, in git's order. Nothing is written through a symlink: no name is used twice.
 */
export async function checkOut(options: CheckoutOptions): Promise<readonly CheckedOut[]> {
  const { pack, commit, directory, only = '' } = options
  const writer = new TreeWriter(options)
  const top = only
    .split('/')
    .filter(Boolean)
    .reduce((tree, name) => below(pack, tree, name, only), commit.tree)
  await writer.write(top, rawPath(''))
  setTimes(Buffer.from(directory), writer.mtimeNs)
  return writer.written
}

/** The name of a directory's tree, in the tree that it lies in. */
function below(pack: Pack, tree: string, name: string, only: string): string {
  const found = readTree(pack.object(tree, 'tree')).find((entry) => entry.name === rawPath(name))
  if (found?.kind === 'directory') return found.object
  const why = found === undefined ? 'there is no such directory in the commit' : `"${name}" is no directory`
  throw new ProtocolError(`${only}: ${why}`)
}

class TreeWriter {
  readonly written: CheckedOut[] = []
  readonly mtimeNs: bigint
  readonly #options: CheckoutOptions
  #count = 0

  constructor(options: CheckoutOptions) {
    this.#options = options
    this.mtimeNs = BigInt(options.commit.seconds) * 1_000_000_000n
  }

  async write(tree: string, at: RawPath): Promise<void> {
    const { pack, directory, signal } = this.#options
    for (const entry of readTree(pack.object(tree, 'tree'))) {
      if (++this.#count % 128 === 0) await nextTurn()
      signal?.throwIfAborted()
      const path = joinRaw(at, entry.name)
      const host = onDisk(directory, path)
      const size = placed(path, () => this.#place(entry, host))
      if (entry.kind === 'directory') await this.write(entry.object, path)
      else this.written.push({ ...entry, path, size })
      setTimes(host, this.mtimeNs)
    }
  }

  #place({ kind, object }: TreeEntry, host: Buffer): number {
    if (kind === 'directory' || kind === 'submodule') {
      mkdirSync(host)
      chmodSync(host, 0o755)
      return 0
    }
    const data = this.#options.pack.object(object, 'blob')
    if (kind === 'symlink') symlinkSync(data, host)
    else {
      writeFileSync(host, data, { flag: 'wx' })
      chmodSync(host, kind === 'program' ? 0o755 : 0o644)
    }
    return data.length
  }
}

function placed(path: RawPath, write: () => number): number {
  try {
    return write()
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw new ProtocolError(`two files of the repository are ${showPath(path)}`)
    throw error
  }
}
