import { AsyncLocalStorage } from 'node:async_hooks'
import type { Bytes } from '../stream/bytes.ts'

/** Bounds how many blobs are on their way at once. */
export interface TransferSlots {
  /** A stream that holds a slot from its first byte to its end. */
  hold(source: Bytes): Bytes
  run<T>(task: () => Promise<T>): Promise<T>
  /** Marks the source of an upload: blobs pulled for it share the upload's slot, or all slots could wait for each other. */
  within(source: Bytes): Bytes
}

export function createTransferSlots(transfers: <T>(task: () => Promise<T>) => Promise<T>): TransferSlots {
  const inside = new AsyncLocalStorage<true>()
  return {
    hold: (source) => holding(source, (task) => (inside.getStore() === true ? task() : transfers(task))),
    run: (task) => transfers(task),
    within(source) {
      return {
        [Symbol.asyncIterator]() {
          const iterator = inside.run(true, () => source[Symbol.asyncIterator]())
          const close = (): Promise<IteratorResult<Uint8Array>> => {
            return iterator.return?.() ?? Promise.resolve({ done: true, value: undefined })
          }
          return { next: () => inside.run(true, () => iterator.next()), return: () => inside.run(true, close) }
        },
      }
    },
  }
}

async function* holding(source: Bytes, transfers: (task: () => Promise<void>) => Promise<void>): Bytes {
  let release: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    release = resolve
  })
  await new Promise<void>((started, failed) => {
    transfers(() => {
      started()
      return ended
    }).catch(failed)
  })
  try {
    yield* source
  } finally {
    release()
  }
}
