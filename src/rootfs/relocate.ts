import { lstatSync, renameSync } from 'node:fs'
import { onDisk, type RawPath, showPath } from '../tar/raw-path.ts'

/**
 * Moves a directory with the mounts in it out of the way, to a free name in another directory of the same mount; gives
 * the host path it has then. Throws what the system says against it.
 */
export function relocate(host: Buffer, name: RawPath, into: string): string {
  for (let number = 0; ; number += 1) {
    const free = number === 0 ? name : (`${name}-${number}` as RawPath)
    if (lstatSync(onDisk(into, free), { throwIfNoEntry: false }) !== undefined) continue
    renameSync(host, onDisk(into, free))
    return `${into}${showPath(free)}`
  }
}
