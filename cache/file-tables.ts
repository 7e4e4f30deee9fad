import { open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readableMode } from '../src/content/atomic-file.ts'
import { syncDirectory, writeFully } from '../src/content/durable.ts'
import { reapTemporaries, temporaryName } from '../src/content/temporary.ts'
import type { TreeTables } from '../src/image/tree-tables.ts'
import type { Log } from '../src/log.ts'
import type { DiffID } from '../src/oci/digest.ts'
import type { FileTree } from '../src/rootfs/file-tree.ts'
import { readTreeTable } from '../src/rootfs/read-tree-table.ts'
import { writeTreeTable } from '../src/rootfs/write-tree-table.ts'
import { tableFileBytes, withTableFile } from './table-file.ts'
import { Trouble } from './trouble.ts'
import { makePlace, markUsed, type UnpackedPlace, unpackedPlace } from './unpacked-place.ts'

export interface FileTablesOptions {
  readonly directory: string
  readonly readOnly: boolean
  readonly log: Log
  /** Told of what could not be written. */
  readonly writing: Trouble
}

/** The name of a table in its place. */
export const tableName = 'files'

/**
 * What is in base images, by the layers they consist of: names, owners, modes, times, and where in which layer the contents
 * are. Kept in a cache directory, so that what builds ask of a base is answered without reading it.
 */
export class FileTables implements TreeTables {
  readonly #options: FileTablesOptions
  readonly #reading: Trouble
  readonly #writes = new Set<Promise<void>>()

  constructor(options: FileTablesOptions) {
    this.#options = options
    this.#reading = new Trouble(options.log, `A file table in ${options.directory} is damaged and is not used`)
  }

  async fill(tree: FileTree, layers: readonly DiffID[], sources: readonly number[]): Promise<boolean> {
    const { directory, readOnly } = this.#options
    const place = unpackedPlace(directory, layers)
    if (place === undefined) return false
    try {
      const filled = await withTableFile(join(place.path, tableName), async (table) => {
        if (table.layers.join() !== layers.join()) throw new Error('it is one of other layers')
        await readTreeTable(tree, table.frames, { sources })
        return true
      })
      if (filled === true && !readOnly) markUsed(directory, place)
      return filled === true
    } catch (error) {
      this.#reading.note(error)
      return false
    }
  }

  keep(tree: FileTree, layers: readonly DiffID[], sourceOf: (source: number) => number | undefined): void {
    const place = unpackedPlace(this.#options.directory, layers)
    if (place === undefined || this.#options.readOnly) return
    const write = this.#write(place, tableFileBytes(layers, writeTreeTable(tree, { sourceOf })))
      .catch((error: unknown) => this.#options.writing.note(error))
      .finally(() => this.#writes.delete(write))
    this.#writes.add(write)
  }

  /** Waits for what is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes)
  }

  /** Little by little: the build has other things to do. */
  async #write(place: UnpackedPlace, bytes: Iterable<Buffer>): Promise<void> {
    await nextTurn()
    makePlace(this.#options.directory, place)
    reapTemporaries(place.path)
    const temporary = join(place.path, temporaryName())
    const handle = await open(temporary, 'wx', readableMode)
    try {
      try {
        await handle.chmod(readableMode)
        for (const chunk of bytes) await writeFully(handle, chunk)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, join(place.path, tableName))
    } catch (error) {
      await unlink(temporary).catch(() => {})
      throw error
    }
    await syncDirectory(place.path)
    markUsed(this.#options.directory, place)
  }
}
