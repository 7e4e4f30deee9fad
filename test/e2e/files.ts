import { createHash } from 'node:crypto'
import type { ImageTree, TreeFile } from '../support/image-tree.ts'

/** The digest a file of this text has in an image tree. */
export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A file that must be in the image. */
export function fileOf(tree: ImageTree, path: string): TreeFile {
  const file = tree.get(path)
  if (file === undefined) throw new Error(`/${path} is not in the image; near it: ${near(tree, path)}`)
  return file
}

/** "4755 1234:77", how most tests look at a file. */
export function modeAndOwner(tree: ImageTree, path: string): string {
  const { mode, owner } = fileOf(tree, path)
  return `${mode} ${owner}`
}

function near(tree: ImageTree, path: string): string {
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
  return [...tree.keys()]
    .filter((name) => name.startsWith(parent))
    .slice(0, 20)
    .join(' ')
}
