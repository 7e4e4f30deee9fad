import { closeSync, fstatSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { HearthError } from '../errors.ts'
import { openSourceFile } from '../rootfs/open-source.ts'
import type { FileRecord } from '../rootfs/record.ts'
import type { Bytes } from '../stream/bytes.ts'
import { type RawPath, showPath } from '../tar/raw-path.ts'

const chunkSize = 1 << 20
const readAsync = promisify(read)

/**
 * The content of a file in a root, exactly as many bytes as its record says; opened when the first is asked for. Small
 * files are read at once, which is several times faster, and large ones on another thread. Throws when the file is not
 * the recorded one any more, or has another size.
 */
export function fileContent(root: string, record: FileRecord): Bytes | Iterable<Uint8Array> {
  return record.size <= chunkSize ? readSmall(root, record) : readLarge(root, record)
}

function* readSmall(root: string, record: FileRecord): Generator<Uint8Array> {
  const descriptor = openSourceFile(root, record)
  try {
    let left = record.size
    while (left > 0) {
      const chunk = Buffer.allocUnsafe(left)
      const count = readSync(descriptor, chunk, 0, left, null)
      if (count === 0) throw changedMeanwhile(record.path)
      left -= count
      yield chunk.subarray(0, count)
    }
    checkSize(descriptor, record)
  } finally {
    closeSync(descriptor)
  }
}

async function* readLarge(root: string, record: FileRecord): Bytes {
  const descriptor = openSourceFile(root, record)
  try {
    let left = record.size
    while (left > 0) {
      const size = Math.min(left, chunkSize)
      const { bytesRead, buffer } = await readAsync(descriptor, Buffer.allocUnsafeSlow(size), 0, size, null)
      if (bytesRead === 0) throw changedMeanwhile(record.path)
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
    checkSize(descriptor, record)
  } finally {
    closeSync(descriptor)
  }
}

function checkSize(descriptor: number, record: FileRecord): void {
  if (fstatSync(descriptor).size !== record.size) throw changedMeanwhile(record.path)
}

export function changedMeanwhile(path: RawPath): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `${showPath(path)} changed while its layer was written`,
    why: "something other than the build writes into the stage's root filesystem",
    fix: 'Let nothing but the build use its work directory.',
  })
}
