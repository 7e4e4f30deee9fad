import { randomUUID } from 'node:crypto'
import { closeSync, openSync, read, readSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { diskError } from '../content/disk-error.ts'
import { writeFullySync } from '../content/durable.ts'
import { HearthError } from '../errors.ts'
import type { ContentPlace, ContentSource } from '../rootfs/node-table.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { Fragment } from '../tar/sparse.ts'

export interface TarCopyOptions {
  /** Existing directory for the copy. */
  readonly directory: string
  /** Gives the tar, uncompressed; may be called again. */
  readonly open: () => Bytes
}

const chunkSize = 1 << 20
const readAsync = promisify(read)

/**
 * The contents of a tar's files, read from an uncompressed copy on disk: of one that was written while somebody read the
 * tar, or of one that is made when the first content is asked for.
 */
export class TarCopy implements ContentSource {
  readonly #options: TarCopyOptions
  readonly #path: string
  #isThere = false
  #making: Promise<void> | undefined

  constructor(options: TarCopyOptions) {
    this.#options = options
    this.#path = join(options.directory, `${randomUUID()}.tar`)
  }

  /** The tar, copied while it passes; a copy that is not read to its end counts as none. */
  async *passing(): Bytes {
    const { directory, open } = this.#options
    const descriptor = onDisk(directory, () => openSync(this.#path, 'wx', 0o600))
    try {
      for await (const chunk of open()) {
        onDisk(directory, () => writeFullySync(descriptor, chunk))
        yield chunk
      }
      this.#isThere = true
    } finally {
      closeSync(descriptor)
      if (!this.#isThere) unlinkSync(this.#path)
    }
  }

  read({ offset, map }: ContentPlace, size: number): Bytes | Iterable<Uint8Array> {
    if (size === 0) return []
    const stretches = map ?? [{ offset: 0, length: size }]
    if (this.#isThere && size <= chunkSize) return this.#readSmall(stretches, offset, size)
    return this.#readLarge(stretches, offset, size)
  }

  *#readSmall(stretches: readonly Fragment[], start: number, size: number): Generator<Uint8Array> {
    const content = Buffer.alloc(size)
    const descriptor = openSync(this.#path, 'r')
    try {
      let at = start
      for (const { offset, length } of stretches) {
        for (let done = 0; done < length; ) {
          const count = readSync(descriptor, content, offset + done, length - done, at)
          if (count === 0) throw cutOff(this.#path)
          done += count
          at += count
        }
      }
    } finally {
      closeSync(descriptor)
    }
    yield content
  }

  async *#readLarge(stretches: readonly Fragment[], start: number, size: number): Bytes {
    await this.#made()
    const descriptor = openSync(this.#path, 'r')
    try {
      let [at, written] = [start, 0]
      for (const { offset, length } of stretches) {
        yield* zeros(offset - written)
        for (let left = length; left > 0; ) {
          const wanted = Math.min(left, chunkSize)
          const { bytesRead, buffer } = await readAsync(descriptor, Buffer.allocUnsafeSlow(wanted), 0, wanted, at)
          if (bytesRead === 0) throw cutOff(this.#path)
          at += bytesRead
          left -= bytesRead
          yield buffer.subarray(0, bytesRead)
        }
        written = offset + length
      }
      yield* zeros(size - written)
    } finally {
      closeSync(descriptor)
    }
  }

  #made(): Promise<void> {
    if (this.#isThere) return Promise.resolve()
    this.#making ??= this.#make()
    return this.#making
  }

  async #make(): Promise<void> {
    for await (const _ of this.passing());
  }
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= chunkSize) yield Buffer.alloc(Math.min(left, chunkSize))
}

function onDisk<T>(directory: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw diskError(error, directory)
  }
}

function cutOff(path: string): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: 'The uncompressed copy of a layer is shorter than it was',
    where: path,
    fix: 'Let nothing but the build use its work directory.',
  })
}
