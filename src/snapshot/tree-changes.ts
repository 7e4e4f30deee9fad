import type { FileTree } from '../rootfs/file-tree.ts'
import { recordOfNode } from '../rootfs/file-tree.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { NodeTable } from '../rootfs/node-table.ts'
import type { FileRecord } from '../rootfs/record.ts'
import { joinRaw, type RawPath, rawPath } from '../tar/raw-path.ts'
import type { LayerChanges } from './layer-order.ts'
import { nodesLookTheSame } from './same-node.ts'

/**
 * What a tree has that the one it was forked from had not, in the order and by the rules of the walk snapshotter: a file
 * has changed when it is another node, a directory when type, mode, owner, time or attributes differ. Only directories
 * in which something has changed are looked at.
 */
export function treeChanges(before: FileTree, after: FileTree, ignored?: IgnoredPaths): LayerChanges {
  const comparison = { nodes: after.nodes, ignored }
  return {
    changed: changedIn(comparison, { path: rawPath(''), old: before.root, now: after.root }),
    removed: [...removedIn(comparison, { path: rawPath(''), old: before.root, now: after.root })],
  }
}

interface TreeComparison {
  readonly nodes: NodeTable
  readonly ignored: IgnoredPaths | undefined
}

/** A path in both trees. */
interface Pair {
  readonly path: RawPath
  readonly old: number | undefined
  readonly now: number
}

function* changedIn(comparison: TreeComparison, { path, old, now }: Pair): Generator<FileRecord> {
  const { nodes, ignored } = comparison
  if (old === now) return
  const isDirectory = nodes.isDirectory(now)
  if (!isDirectory || old === undefined || !nodesLookTheSame(nodes, old, now)) yield recordOfNode(nodes, now, path)
  if (!isDirectory) return
  const before = namesOf(nodes, old)
  const children = nodes.names.entries(now)
  for (const [name, child] of [...children].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const at = joinRaw(path, name)
    if (ignored?.covers(at) !== true) yield* changedIn(comparison, { path: at, old: before.get(name), now: child })
  }
}

function* removedIn(comparison: TreeComparison, { path, old, now }: Pair): Generator<RawPath> {
  const { nodes, ignored } = comparison
  if (old === now || old === undefined || !nodes.isDirectory(now)) return
  const children = namesOf(nodes, now)
  for (const [name, before] of namesOf(nodes, old)) {
    const at = joinRaw(path, name)
    const child = children.get(name)
    if (ignored?.covers(at) === true) continue
    if (child === undefined) yield at
    else yield* removedIn(comparison, { path: at, old: before, now: child })
  }
}

function namesOf(nodes: NodeTable, node: number | undefined): ReadonlyMap<RawPath, number> {
  return new Map(node === undefined || !nodes.isDirectory(node) ? [] : nodes.names.entries(node))
}
