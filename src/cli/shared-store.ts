import type { Pins } from '../../cache/pins.ts'
import { Trouble } from '../../cache/trouble.ts'
import { BlobStore } from '../content/blob-store.ts'
import type { Log } from '../log.ts'

export interface SharedOptions {
  readonly directory: string
  readonly readOnly: boolean
  readonly log: Log
  readonly writing: Trouble
  readonly temporary: () => BlobStore
  readonly pins: Pins | undefined
}

/** The blobs of a cache directory. Where it stops taking new ones, they go to a temporary store. */
export function openSharedStore({ directory, readOnly, log, writing, temporary, pins }: SharedOptions): BlobStore {
  const damaged = new Trouble(log, `A blob of the cache directory ${directory} is damaged and is not used`)
  const onDamaged = (path: string): void => damaged.note(path)
  const spill = (error: unknown): BlobStore => {
    writing.note(error)
    return temporary()
  }
  try {
    return BlobStore.open(directory, { readOnly, onDamaged, spill, pins })
  } catch (error) {
    // There may be layers and images to read all the same.
    writing.note(error)
    return BlobStore.open(directory, { readOnly: true, onDamaged, pins })
  }
}
