import { closeSync, constants, fchmodSync, fchownSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { setTimesOf } from '../sys/times.ts'
import { checkMode, type Metadata, setXattrs } from './metadata.ts'

const createNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** A new file that is being filled. */
export class FileWriter {
  readonly #host: Buffer
  readonly #metadata: Metadata
  readonly #descriptor: number
  #position = 0
  #size = 0

  /** Throws EEXIST when there is something of that name. */
  constructor(host: Buffer, metadata: Metadata) {
    this.#host = host
    this.#metadata = metadata
    this.#descriptor = openSync(host, createNew, 0o600)
  }

  get metadata(): Metadata {
    return this.#metadata
  }

  /** Adds the bytes of a chunk from `start` to `end`. */
  write(chunk: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const count = writeSync(this.#descriptor, chunk, at, end - at, this.#position)
      at += count
      this.#position += count
    }
    this.#size = this.#position
  }

  /** Leaves so many zeros out. */
  skip(size: number): void {
    this.#position += size
  }

  /** Gives the file all its metadata and closes it; gives the names of attributes the filesystem cannot hold. */
  finish(): readonly string[] {
    const { uid, gid, mode, mtimeNs } = this.#metadata
    if (this.#position > this.#size) ftruncateSync(this.#descriptor, this.#position)
    fchownSync(this.#descriptor, uid, gid)
    const unsupported = setXattrs(this.#host, this.#metadata)
    fchmodSync(this.#descriptor, mode)
    checkMode(this.#descriptor, this.#metadata)
    setTimesOf(this.#descriptor, mtimeNs)
    closeSync(this.#descriptor)
    return unsupported
  }

  /** Closes the file as it is. */
  abandon(): void {
    closeSync(this.#descriptor)
  }
}
