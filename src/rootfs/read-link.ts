import { readlinkSync } from 'node:fs'
import { onDisk, type RawPath } from '../tar/raw-path.ts'
import type { Root } from './root.ts'

/** The text of a symlink that is there. */
export function readLink(root: Root, path: RawPath): Buffer {
  if (typeof root !== 'string') return Buffer.from(root.target(path) ?? '', 'latin1')
  return readlinkSync(onDisk(root, path), { encoding: 'buffer' })
}
