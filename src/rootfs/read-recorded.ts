import { type BigIntStats, closeSync, fstatSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import type { HearthError } from '../errors.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { RawPath } from '../tar/raw-path.ts'
import { openSourceFile } from './open-source.ts'
import type { FileRecord } from './record.ts'

const chunkSize = 1 << 20
const readAsync = promisify(read)

export interface RecordedFile {
  readonly root: string
  readonly record: FileRecord
  /** Whether the file, once read, is still the recorded one. */
  readonly isSame: (stat: BigIntStats) => boolean
  /** What is thrown when it is not. */
  readonly changed: (path: RawPath) => HearthError
}

/**
 * The content of a file, exactly as many bytes as its record says; opened when the first is asked for. Small files are
 * read at once, which is several times faster, and large ones on another thread.
 */
export function readRecorded(file: RecordedFile): Bytes | Iterable<Uint8Array> {
  return file.record.size <= chunkSize ? readSmall(file) : readLarge(file)
}

function* readSmall(file: RecordedFile): Generator<Uint8Array> {
  const { root, record } = file
  const descriptor = openSourceFile(root, record)
  try {
    let left = record.size
    while (left > 0) {
      const chunk = Buffer.allocUnsafe(left)
      const count = readSync(descriptor, chunk, 0, left, null)
      if (count === 0) throw file.changed(record.path)
      left -= count
      yield chunk.subarray(0, count)
    }
    check(descriptor, file)
  } finally {
    closeSync(descriptor)
  }
}

async function* readLarge(file: RecordedFile): Bytes {
  const { root, record } = file
  const descriptor = openSourceFile(root, record)
  try {
    let left = record.size
    while (left > 0) {
      const size = Math.min(left, chunkSize)
      const { bytesRead, buffer } = await readAsync(descriptor, Buffer.allocUnsafeSlow(size), 0, size, null)
      if (bytesRead === 0) throw file.changed(record.path)
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
    check(descriptor, file)
  } finally {
    closeSync(descriptor)
  }
}

function check(descriptor: number, { record, isSame, changed }: RecordedFile): void {
  if (!isSame(fstatSync(descriptor, { bigint: true }))) throw changed(record.path)
}
