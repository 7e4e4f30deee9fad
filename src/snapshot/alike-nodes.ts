import type { FileTree } from '../rootfs/file-tree.ts'
import type { NodeTable } from '../rootfs/node-table.ts'
import { digestOfContent } from '../stream/digesting.ts'
import type { RawPath } from '../tar/raw-path.ts'
import { nodesLookTheSame } from './same-node.ts'

/** A name whose node is another than before. */
interface Exchange {
  /** The directory it is in now. */
  readonly directory: number
  readonly name: RawPath
  /** Undefined when the name is new, or was a directory's. */
  readonly old: number | undefined
}

/**
 * Gives the names of a tree the nodes back that they had in the one it was forked from, where a file was only exchanged
 * for its like: the same type, mode, owner, time, attributes and content. All names of a file, or none of them. Contents
 * are read only where all else is the same.
 */
export async function keepAlike(before: FileTree, after: FileTree): Promise<void> {
  const { nodes } = after
  const exchanges = new Map<number, Exchange[]>()
  collect(nodes, { old: before.root, now: after.root }, exchanges)
  for (const [now, names] of exchanges) {
    if (!(await areAlike(nodes, now, names))) continue
    for (const { directory, name, old } of names) if (old !== undefined) nodes.names.set(directory, name, old)
  }
}

function collect(
  nodes: NodeTable,
  { old, now }: { readonly old: number | undefined; readonly now: number },
  found: Map<number, Exchange[]>,
): void {
  for (const [name, child] of nodes.names.entries(now)) {
    const earlier = old === undefined ? undefined : nodes.names.get(old, name)
    if (earlier === child) continue
    const wasDirectory = earlier !== undefined && nodes.isDirectory(earlier)
    if (nodes.isDirectory(child)) collect(nodes, { old: wasDirectory ? earlier : undefined, now: child }, found)
    else {
      const exchange = { directory: now, name, old: wasDirectory ? undefined : earlier }
      found.set(child, [...(found.get(child) ?? []), exchange])
    }
  }
}

async function areAlike(nodes: NodeTable, now: number, names: readonly Exchange[]): Promise<boolean> {
  if (names.some(({ old }) => old === undefined || !nodesLookTheSame(nodes, old, now))) return false
  for (const { old } of names) if (old !== undefined && !(await hasSameContent(nodes, old, now))) return false
  return true
}

async function hasSameContent(nodes: NodeTable, a: number, b: number): Promise<boolean> {
  if (nodes.type(a) !== 'file') return true
  const [first, second] = [nodes.place(a), nodes.place(b)]
  if (typeof first === 'object' && typeof second === 'object') {
    if (first.source === second.source && first.offset === second.offset) return true
  }
  return (await digestOfContent(nodes.content(a))) === (await digestOfContent(nodes.content(b)))
}
