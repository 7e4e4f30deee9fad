import type { FileTree } from './file-tree.ts'

/** A root filesystem: a directory of the machine, by its host path, or a tree that is known without being unpacked. */
export type Root = string | FileTree

/** The host path of a root that must be a directory of the machine. */
export function onMachine(root: Root): string {
  if (typeof root === 'string') return root
  throw new TypeError('the root is not on the machine')
}
