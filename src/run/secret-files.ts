import { chmodSync, chownSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HearthError, messageOf } from '../errors.ts'
import type { MountedThing } from './command-mount.ts'

/** Where Linux has a filesystem in memory, and how it is told. */
const memory = '/dev/shm'
const memoryTypes = [0x01021994, 0x858458f6]

/** Secrets as files in memory, each in a directory that only those who know its name can enter. */
export class SecretFiles {
  #directory: string | undefined
  #count = 0

  /** Gives the path of the new file. Throws "run-unavailable" where files would be on a disk. */
  write({ content, mode, uid, gid }: MountedThing & { readonly kind: 'secret' }): string {
    this.#directory ??= makeDirectory()
    const file = join(this.#directory, String(this.#count))
    this.#count += 1
    writeFileSync(file, Buffer.from(content, 'base64'), { flag: 'wx', mode: 0o600 })
    chownSync(file, uid, gid)
    chmodSync(file, mode)
    return file
  }

  remove(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true })
    this.#directory = undefined
  }
}

function makeDirectory(): string {
  let why = `${memory} is on a disk`
  try {
    if (memoryTypes.includes(statfsSync(memory).type)) {
      const directory = mkdtempSync(join(memory, 'hearth-'))
      chmodSync(directory, 0o711)
      return directory
    }
  } catch (error) {
    why = messageOf(error)
  }
  throw new HearthError({
    code: 'run-unavailable',
    message: 'A secret cannot be given to this RUN as a file, as it would be written to a disk',
    why,
    fix: `Give the container a ${memory} in memory, or let the secret be a variable: --mount=type=secret,id=…,env=NAME.`,
  })
}
