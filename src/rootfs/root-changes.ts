import { unlinkSync, writeFileSync } from 'node:fs'
import { setTimes } from '../sys/times.ts'
import { onDisk, type RawPath } from '../tar/raw-path.ts'
import type { Root } from './root.ts'

/** Writes a small new file, mode 0600. */
export function writeFile(root: Root, at: RawPath, text: string): void {
  if (typeof root === 'string') {
    writeFileSync(onDisk(root, at), text, { flag: 'wx', mode: 0o600 })
    return
  }
  const content = Buffer.from(text)
  root.put(at, { type: 'file', size: content.byteLength, content: () => [content] })
}

/** Takes a name away that is no directory's. */
export function removeFile(root: Root, at: RawPath): void {
  if (typeof root === 'string') unlinkSync(onDisk(root, at))
  else root.remove(at)
}

/** Sets the time of a file or directory; that of a symlink, not of what it points to. */
export function setTime(root: Root, at: RawPath, mtimeNs: bigint): void {
  if (typeof root === 'string') setTimes(onDisk(root, at), mtimeNs)
  else root.setTime(at, mtimeNs)
}
