import { chmodSync, lchownSync } from 'node:fs'
import { onDisk, rawPath } from '../tar/raw-path.ts'
import { type CopyOptions, copyInto } from './copy-tree.ts'
import { recordOf } from './record.ts'
import type { SelectedSource } from './selected-source.ts'

export interface WholeCopy extends Pick<CopyOptions, 'keepOwner' | 'log' | 'ignored' | 'signal'> {
  /** Host directory. */
  readonly root: string
  /** Absolute in `root`: a free path, or an empty directory for the copy of one. */
  readonly at: string
}

/** Copies a file, or a directory with owner and mode of its own, without what its filter hides. */
export async function copyWhole(source: SelectedSource, { at, ...options }: WholeCopy): Promise<void> {
  await copyInto({ ...options, sources: [source], destination: at, workdir: '/' })
  const top = source.isDirectory && options.keepOwner ? recordOf(source.root, source.path) : undefined
  if (top === undefined) return
  const copy = onDisk(options.root, rawPath(at))
  lchownSync(copy, top.uid, top.gid)
  chmodSync(copy, top.mode)
}
