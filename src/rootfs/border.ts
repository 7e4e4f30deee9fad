import type { RawPath } from '../tar/raw-path.ts'
import type { IgnoredPaths } from './ignored-paths.ts'
import { belongsToMachine } from './machine-path.ts'
import { mountIdentity } from './mounts.ts'

/**
 * Where the image's part of a root ends. What counts is where a path has led to, never how it was spelt; and a directory
 * on another mount than the root is beyond the border, whether anybody has named it or not.
 */
export class Border {
  readonly ignored: IgnoredPaths
  /** The mount that the root is on. */
  readonly mount: string

  constructor(ignored: IgnoredPaths, root: number) {
    this.ignored = ignored
    this.mount = mountIdentity(root)
  }

  /** Throws MachinePath for a path, free of symlinks, that is not the image's. */
  check(path: RawPath): void {
    const owned = this.ignored.coveredBy(path)
    if (owned !== undefined) throw belongsToMachine(path, owned)
  }

  /** Throws MachinePath for an open directory that is not the image's. */
  checkOpen(descriptor: number, path: RawPath): void {
    if (mountIdentity(descriptor) !== this.mount) throw belongsToMachine(path, path)
  }
}
