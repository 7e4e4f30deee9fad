import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type CopyOptions, copyInto } from '../../../src/rootfs/copy-tree.ts'
import { recordOf } from '../../../src/rootfs/record.ts'
import { type SelectedSource, sourceAt } from '../../../src/rootfs/selected-source.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { type ImageTree, readTree } from '../../support/image-tree.ts'
import { silentLog } from '../../support/silent-log.ts'
import { type Lifetime, temporaryDirectory } from '../../support/temp.ts'

/** A tree to copy from, a root to copy into, and a directory that neither may lead to. */
export interface CopyScene {
  readonly from: string
  readonly root: string
  readonly outside: string
  /** Copies files of `from` by their paths. */
  copy(sources: readonly string[], destination: string, o?: Partial<CopyOptions>): Promise<void>
  /** What the root holds now. */
  tree(): Promise<ImageTree>
}

export function copyScene(t: Lifetime): CopyScene {
  const top = temporaryDirectory(t)
  const [from, root, outside] = ['from', 'root', 'outside'].map((name) => join(top, name)) as [string, string, string]
  for (const path of [from, root, outside]) mkdirSync(path)
  return {
    from,
    root,
    outside,
    copy: (sources, destination, o = {}) => {
      const selected = sources.map((path) => selectedSource(from, path))
      return copyInto({ sources: selected, root, destination, workdir: '/', keepOwner: false, log: silentLog, ...o })
    },
    tree: () => readTree(root),
  }
}

export function selectedSource(root: string, path: string): SelectedSource {
  const record = recordOf(root, rawPath(path))
  if (record === undefined) throw new Error(`${path} is not there`)
  return sourceAt(root, record)
}

/** Mode and owner of a file as "644 0:0"; "missing" when it is not there. */
export function modeAndOwner(tree: ImageTree, path: string): string {
  const file = tree.get(path)
  return file === undefined ? 'missing' : `${file.mode} ${file.owner}`
}
