import { realpathSync } from 'node:fs'
import { HearthError } from '../errors.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import { mountsWithin } from '../rootfs/mounts.ts'
import { type RawPath, showPath } from '../tar/raw-path.ts'

/**
 * Throws when something is mounted below a root, but for what is ignored: its files are not the root's, and must not get
 * into a layer.
 */
export function refuseMounts(root: string, ignored?: IgnoredPaths): void {
  const real = realpathSync.native(root, { encoding: 'latin1' })
  const points = mountsWithin(real).filter((point) => point !== real)
  const places = points.map((point) => point.slice(real === '/' ? 1 : real.length + 1) as RawPath)
  const place = places.find((path) => ignored?.covers(path) !== true)
  if (place === undefined) return
  throw new HearthError({
    code: 'internal',
    message: `Something is mounted in a stage's root filesystem, at ${showPath(place)}`,
    where: root,
    why: 'a layer must hold the files of the image only, and these are from somewhere else',
    fix: 'Unmount it, and let nothing but the build use the directory.',
  })
}
