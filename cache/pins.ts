import { randomBytes } from 'node:crypto'
import { closeSync, constants, fchmodSync, fstatSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { readableMode } from '../src/content/atomic-file.ts'
import type { BlobPins } from '../src/content/blob-store.ts'
import { processIdentity } from '../src/content/process-identity.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import type { Log } from '../src/log.ts'
import type { Digest } from '../src/oci/digest.ts'
import { hasReliableLocks } from './filesystem.ts'
import { takeFromTrash } from './trash.ts'
import { reasonOf } from './trouble.ts'

/** What is in use: a blob by its digest, the unpacked files of a base by the chainID of its layers. */
export type PinName = Digest | `unpacked:${string}`

/** How often a living process touches its lease, in ms. */
const beatMs = 30_000

/** Room that a lease has from its beginning, so that a full disk does not keep anybody from pinning: 450 digests. */
const reservedBytes = 32 << 10

/**
 * The lease of one process on a cache directory, a file in pins/: it names the process and what it uses. Whatever is
 * pinned BEFORE one looks whether it is there stays until `close`: a prune takes it back if it has put it aside already.
 *
 * A process that can only read the directory has no lease. What it reads is kept from a prune by its age and its last use
 * alone, and such a process leaves no trace of a use: let one that can write use the directory, too, or prune with time
 * to spare.
 */
export class Pins implements BlobPins {
  readonly #directory: string
  readonly #pinned = new Set<PinName>()
  readonly #heart: NodeJS.Timeout
  #lease: LeaseFile | undefined

  private constructor(directory: string) {
    this.#directory = directory
    this.#lease = LeaseFile.create(directory)
    this.#heart = setInterval(() => this.#beat(), beatMs).unref()
  }

  /** Undefined, with a warning, where no lease can be written: everything works, and no prune should run. */
  static open(directory: string, log: Log): Pins | undefined {
    try {
      makeDirectoryIn(directory, 'pins')
      makeDirectoryIn(directory, 'trash')
      return new Pins(directory)
    } catch (error) {
      const why = reasonOf(error).replaceAll('\n', ' ')
      log.warn(`A prune of the cache directory ${directory} cannot see what is in use here: ${why}`)
      return undefined
    }
  }

  /** Costs some microseconds the first time, and nothing after that; on a network filesystem, a write to the server. */
  pin(name: PinName): void {
    if (this.#pinned.has(name) || this.#lease === undefined) return
    this.#pinned.add(name)
    this.#lease.add(name)
  }

  takeBack(digest: Digest): void {
    takeFromTrash(this.#directory, digest)
  }

  /** Nothing is pinned any more. */
  close(): void {
    clearInterval(this.#heart)
    this.#lease?.remove()
    this.#lease = undefined
  }

  #beat(): void {
    try {
      if (this.#lease?.beat() !== false) return
      // Somebody thought that this process is dead.
      this.#lease = LeaseFile.create(this.#directory)
      for (const name of this.#pinned) this.#lease.add(name)
    } catch {
      // Tried again with the next beat.
      return
    }
  }
}

/** The file of a lease, which only its owner writes. */
class LeaseFile {
  readonly #file: number
  readonly #identity = Buffer.from(`${processIdentity()}\n`)
  #path: string
  #end: number

  private constructor(path: string, file: number) {
    this.#path = path
    this.#file = file
    this.#end = this.#identity.byteLength
  }

  static create(directory: string): LeaseFile {
    const path = join(directory, 'pins', `${randomBytes(12).toString('hex')}.pin`)
    // Others must see a pin at once. Where a file is cached by each host, a write has to reach the server.
    const through = hasReliableLocks(directory) ? 0 : constants.O_SYNC
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | through, readableMode)
    const lease = new LeaseFile(path, file)
    try {
      fchmodSync(file, readableMode)
      const blank = Buffer.alloc(reservedBytes, '\n')
      lease.#identity.copy(blank)
      lease.#write(blank, 0)
      return lease
    } catch (error) {
      lease.remove()
      throw error
    }
  }

  add(name: PinName): void {
    const line = Buffer.from(`${name}\n`)
    try {
      this.#write(line, this.#end)
      this.#end += line.byteLength
    } catch {
      this.#holdEverything()
    }
  }

  /** False when the file is gone. */
  beat(): boolean {
    // By writing, which takes the time from the filesystem's clock.
    this.#write(this.#identity, 0)
    return fstatSync(this.#file).nlink > 0
  }

  remove(): void {
    try {
      closeSync(this.#file)
      unlinkSync(this.#path)
    } catch {
      return
    }
  }

  /** Who cannot say what it uses uses everything: a new name needs no room on the disk. */
  #holdEverything(): void {
    const path = this.#path.replace(/\.pin$/, '.all')
    try {
      renameSync(this.#path, path)
      this.#path = path
    } catch {
      return
    }
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.byteLength; )
      at += writeSync(this.#file, bytes, at, bytes.byteLength - at, position + at)
  }
}
