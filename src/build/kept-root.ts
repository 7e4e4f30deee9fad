import { createReadStream, createWriteStream, existsSync, rmSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { diskError } from '../content/disk-error.ts'
import type { Log } from '../log.ts'
import { applyLayer } from '../rootfs/apply.ts'
import { entriesOf, wholeRoot } from '../rootfs/selected-source.ts'
import type { SharedRoot } from '../run/isolation.ts'
import { layerItems } from '../snapshot/layer-items.ts'
import { writeTar } from '../tar/write.ts'

export interface KeptRootOptions {
  readonly root: SharedRoot
  /** Host path of the archive to keep the files in; nothing is there yet. */
  readonly archive: string
  readonly log: Log
  /** Ends the keeping, not the giving back. */
  readonly signal?: AbortSignal | undefined
}

/** What a shared root holds before a build uses it, kept in an archive until the root is to be as it was. */
export class KeptRoot {
  readonly #root: SharedRoot
  readonly #archive: string
  readonly #log: Log
  readonly #signal: AbortSignal | undefined

  constructor({ root, archive, log, signal }: KeptRootOptions) {
    this.#root = root
    this.#archive = archive
    this.#log = log
    this.#signal = signal
  }

  /** Copies everything but what is ignored, and sockets. Throws HearthError where the archive cannot be written. */
  async keep(): Promise<void> {
    const { path } = this.#root
    const changed = [...entriesOf(wholeRoot(path, this.#root.ignored()))].map(({ record }) => record)
    this.#log.info(`keeping what is in ${path} aside: ${changed.length} files`)
    try {
      const tar = writeTar(layerItems(path, { changed, removed: [] }))
      const file = createWriteStream(this.#archive, { flags: 'wx', mode: 0o600 })
      await pipeline(tar, file, this.#signal === undefined ? {} : { signal: this.#signal })
    } catch (error) {
      rmSync(this.#archive, { force: true })
      throw diskError(error, this.#archive)
    }
  }

  /** Puts everything back into the root, which has been emptied, if it has been kept. */
  async giveBack(): Promise<void> {
    if (!existsSync(this.#archive)) return
    const { path } = this.#root
    const ignored = this.#root.ignored()
    await applyLayer(path, createReadStream(this.#archive), { log: this.#log, ignored, mayLackDevices: true })
    this.#log.info(`${path} is as it was before the build`)
  }
}
