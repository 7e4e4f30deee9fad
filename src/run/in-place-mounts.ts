import { chmodSync, chownSync, linkSync, mkdirSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createLog } from '../log.ts'
import { copyWhole } from '../rootfs/copy-whole.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import { rawPath } from '../tar/raw-path.ts'
import type { CommandMount } from './command-mount.ts'
import type { RunOptions } from './isolation.ts'
import { type OrderedMount, orderMounts } from './ordered-mounts.ts'
import { SecretFiles } from './secret-files.ts'
import { standIn } from './stand-in.ts'

export interface PlacedMounts extends RunOptions {
  /** What in "/" is not the image's. */
  readonly ignored: IgnoredPaths
}

/**
 * Gives a command in "/" what it would see mounted elsewhere: files are copied, a cache is a symlink to its directory and
 * a secret one to a file in memory. Gives what takes all of it away again.
 */
export async function placeMounts(
  mounts: readonly CommandMount[],
  options: PlacedMounts,
): Promise<() => Promise<void>> {
  const secrets = new SecretFiles()
  const undo: (() => Promise<void>)[] = []
  const remove = async (): Promise<void> => {
    try {
      for (const one of undo.splice(0).reverse()) await one()
    } finally {
      secrets.remove()
    }
  }
  try {
    for (const mount of orderMounts('/', mounts)) {
      undo.push(await standIn(mount.target, options.ignored, (at) => place(mount, at, { ...options, secrets })))
    }
    return remove
  } catch (error) {
    await remove()
    throw error
  }
}

async function place(
  mount: OrderedMount,
  at: string,
  options: PlacedMounts & { readonly secrets: SecretFiles },
): Promise<void> {
  switch (mount.kind) {
    case 'files':
      return copyThere(mount.source, at, options)
    case 'cache':
      // A link lets every build see the same files. What must not change can only be a copy.
      return mount.readOnly ? copyThere(mount.source, at, options) : symlinkSync(mount.source, at)
    case 'socket':
      // Another name of it, as the directory it lies in is not for everybody.
      return linkSync(mount.source, at)
    case 'secret':
      return symlinkSync(options.secrets.write(mount), at)
    case 'tmpfs':
      return makeDirectory(at, mount.covered ?? { mode: 0o1777, uid: 0, gid: 0 })
  }
}

async function copyThere(source: string, at: string, { ignored, onLine, signal }: PlacedMounts): Promise<void> {
  const isDirectory = statSync(source).isDirectory()
  const [root, path] = isDirectory ? [source, ''] : [dirname(source), basename(source)]
  const write = (line: string): void => onLine('stderr', line)
  const log = createLog({ level: 'warn', format: 'text', timestamp: false, secrets: [], write, now: () => new Date() })
  const copy = { root: '/', at, keepOwner: true, log, ignored, ...(signal === undefined ? {} : { signal }) }
  await copyWhole({ root, path: rawPath(path), name: rawPath(path), isDirectory }, copy)
}

function makeDirectory(at: string, owner: NonNullable<OrderedMount['covered']>): void {
  mkdirSync(at)
  chownSync(at, owner.uid, owner.gid)
  chmodSync(at, owner.mode)
}
