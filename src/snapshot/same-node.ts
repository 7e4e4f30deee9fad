import { recordOfNode } from '../rootfs/file-tree.ts'
import type { NodeTable } from '../rootfs/node-table.ts'
import { rawPath } from '../tar/raw-path.ts'
import { lookTheSame, sameXattrs } from './same-file.ts'

/** Whether two nodes are the same in all but what their files or directories hold. */
export function nodesLookTheSame(nodes: NodeTable, a: number, b: number): boolean {
  const nowhere = rawPath('')
  if (!lookTheSame(recordOfNode(nodes, a, nowhere), recordOfNode(nodes, b, nowhere))) return false
  const [first, second] = [nodes.rare(a), nodes.rare(b)]
  return first.target === second.target && sameXattrs(first.xattrs ?? noXattrs, second.xattrs ?? noXattrs)
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map()
