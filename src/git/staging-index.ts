import { createHash } from 'node:crypto'
import type { CheckedOut } from './checkout.ts'

const modes = { file: 0o100644, program: 0o100755, symlink: 0o120000, submodule: 0o160000, directory: 0o040000 }
const fixedSize = 62

/** Git's list of what is checked out. It says nothing of times: git looks at the files themselves when it wants to know. */
export function stagingIndex(files: readonly CheckedOut[]): Buffer {
  const head = Buffer.from('DIRC\0\0\0\x02\0\0\0\0', 'latin1')
  head.writeUInt32BE(files.length, 8)
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
  const body = Buffer.concat([head, ...sorted.map(entryOf)])
  return Buffer.concat([body, createHash('sha1').update(body).digest()])
}

function entryOf({ kind, path, object, size }: CheckedOut): Buffer {
  const name = Buffer.from(path, 'latin1')
  // At least one zero, and a multiple of eight in all.
  const entry = Buffer.alloc(Math.floor((fixedSize + name.length + 8) / 8) * 8)
  entry.writeUInt32BE(modes[kind], 24)
  entry.writeUInt32BE(size % 2 ** 32, 36)
  entry.write(object, 40, 'hex')
  entry.writeUInt16BE(Math.min(name.length, 0xfff), 60)
  name.copy(entry, fixedSize)
  return entry
}
