import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCode } from '../errors.ts'
import { isDirectory, makeDirectory, syncParent } from './durable.ts'

/**
 * Creates a directory, and those between, below one that several users may share: new ones get the permissions, the
 * set-group-ID bit and, where this process may give files away, the owner of `shared`, whatever the umask. So whoever can
 * write to it can write below it. `shared` is made as usual when it is missing.
 */
export function makeDirectoryIn(shared: string, ...names: readonly string[]): void {
  makeDirectory(shared)
  const model = statSync(shared)
  let directory = shared
  for (const name of names) {
    directory = join(directory, name)
    if (!isDirectory(directory)) make(directory, model)
  }
}

/** Creates an empty file that whoever can write to `shared` can write, too. One that is there is left as it is. */
export function makeFileIn(shared: string, path: string): void {
  const model = statSync(shared)
  const descriptor = openIfNew(path)
  if (descriptor === undefined) return
  try {
    unlessRefused(() => fchownSync(descriptor, unchanged, model.gid))
    unlessRefused(() => fchownSync(descriptor, model.uid, unchanged))
    unlessRefused(() => fchmodSync(descriptor, model.mode & 0o666))
  } finally {
    closeSync(descriptor)
  }
}

/** What chown leaves as it is. */
const unchanged = -1

/** It appears with its final permissions: others may want to write there in the same moment. */
function make(directory: string, model: Stats): void {
  const temporary = join(dirname(directory), `.${randomBytes(12).toString('hex')}`)
  mkdirSync(temporary, { mode: 0o700 })
  try {
    likeModel(temporary, model)
    renameSync(temporary, directory)
  } catch (error) {
    rmdirSync(temporary)
    // Another process was first.
    if (!isDirectory(directory)) throw error
  }
  syncParent(directory)
}

function likeModel(directory: string, model: Stats): void {
  // First, for a change of owner may take bits of the mode away.
  unlessRefused(() => chownSync(directory, unchanged, model.gid))
  unlessRefused(() => chownSync(directory, model.uid, unchanged))
  // Without the sticky bit: files are replaced by whoever has newer ones.
  unlessRefused(() => chmodSync(directory, model.mode & 0o2777))
}

function openIfNew(path: string): number | undefined {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return undefined
    throw error
  }
}

/** Some filesystems have owners and modes of their own, and most users cannot give files away. */
function unlessRefused(change: () => void): void {
  try {
    change()
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'].includes(systemCode(error) ?? '')) throw error
  }
}
