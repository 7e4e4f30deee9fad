import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { HearthError, systemCode } from '../src/errors.ts'
import { asRecord, parseJson } from '../src/oci/descriptor.ts'
import { type DiffID, parseDiffID } from '../src/oci/digest.ts'
import { canonicalJson } from './key.ts'

/**
 * A file table on disk: frames, each after its length in four bytes. The first one says in JSON what it is and of which
 * layers; one of no length is the last, and after it comes the SHA-256 of all before.
 */
export interface TableFile {
  readonly layers: readonly DiffID[]
  /** The frames after the first one. Throws at the end when the digest is not that of the bytes. */
  readonly frames: AsyncIterable<Buffer>
}

/** The largest frame: a record of it may hold a content of 1 MiB. */
const largestFrame = 4 << 20
const digestSize = 32
const version = 1

export function* tableFileBytes(layers: readonly DiffID[], frames: Iterable<Buffer>): Generator<Buffer> {
  const hash = createHash('sha256')
  const framed = function* (frame: Buffer): Generator<Buffer> {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(frame.byteLength)
    for (const bytes of [length, frame]) {
      hash.update(bytes)
      yield bytes
    }
  }
  yield* framed(Buffer.from(canonicalJson({ hearth: 'file table', version, layers })))
  for (const frame of frames) if (frame.byteLength > 0) yield* framed(frame)
  yield* framed(Buffer.alloc(0))
  yield hash.digest()
}

/** Opens a table and hands it to `task`; undefined when there is none. Throws what `task` throws, or a HearthError. */
export async function withTableFile<T>(path: string, task: (table: TableFile) => Promise<T>): Promise<T | undefined> {
  const handle = await openIfThere(path)
  if (handle === undefined) return undefined
  try {
    const reader = new FrameReader(handle, path)
    const layers = layersIn(await reader.frame(), path)
    return await task({ layers, frames: reader.rest() })
  } finally {
    await handle.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

class FrameReader {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #hash = createHash('sha256')

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle
    this.#path = path
  }

  async frame(): Promise<Buffer> {
    const length = (await this.#read(4)).readUInt32BE()
    if (length > largestFrame) throw damaged(this.#path, 'a part of it is too long')
    return await this.#read(length)
  }

  async *rest(): AsyncGenerator<Buffer> {
    for (;;) {
      const frame = await this.frame()
      if (frame.byteLength === 0) break
      yield frame
    }
    const actual = this.#hash.copy().digest()
    if (!actual.equals(await this.#read(digestSize))) throw damaged(this.#path, 'its checksum does not fit')
  }

  async #read(length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#handle.read(buffer, done, length - done, null)
      if (bytesRead === 0) throw damaged(this.#path, 'it is cut off')
      done += bytesRead
    }
    this.#hash.update(buffer)
    return buffer
  }
}

function layersIn(header: Buffer, path: string): readonly DiffID[] {
  const o = asRecord(parseJson(header, 'file table'), 'file table')
  if (o.hearth !== 'file table' || o.version !== version) throw damaged(path, 'it is of another kind')
  if (!Array.isArray(o.layers)) throw damaged(path, 'it does not say of which layers it is')
  return o.layers.map((layer: unknown) => parseDiffID(String(layer)))
}

function damaged(path: string, why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: 'A file table is damaged', where: path, why })
}
