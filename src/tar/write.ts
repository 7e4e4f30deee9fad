import { HearthError } from '../errors.ts'
import type { Bytes } from '../stream/bytes.ts'
import type { TarItem } from './entry.ts'
import { blockSize } from './header.ts'
import { paddingOf } from './piece.ts'
import { showPath } from './raw-path.ts'
import { Slab } from './slab.ts'
import { headerOf } from './write-header.ts'

/**
 * Writes a tar archive: the same items give the same bytes. Headers are ustar; PAX records stand before those that need
 * them. Chunks are large, however small the files are. Throws when a file's content is not as long as its entry says.
 */
export async function* writeTar(items: Iterable<TarItem> | AsyncIterable<TarItem>): Bytes {
  const slab = new Slab()
  const source = Symbol.iterator in items ? items[Symbol.iterator]() : items[Symbol.asyncIterator]()
  try {
    for (;;) {
      const step = source.next()
      // Waiting for what is there already would cost a turn for every file.
      const next = step instanceof Promise ? await step : step
      if (next.done === true) break
      const content = begin(next.value, slab)
      next.value.onPlaced?.(slab.size)
      if (content !== undefined) yield* fill(next.value, content, slab)
      if (slab.isReady) yield* slab.takeReady()
    }
    slab.addZeros(2 * blockSize)
    slab.flush()
    yield* slab.takeReady()
  } finally {
    await source.return?.()
  }
}

/** Adds an item's header; its content, where it has any. */
function begin({ entry, open }: TarItem, slab: Slab): Bytes | Iterable<Uint8Array> | undefined {
  slab.add(headerOf(entry))
  if (entry.type !== 'file') return undefined
  return open?.() ?? []
}

async function* fill(item: TarItem, content: Bytes | Iterable<Uint8Array>, slab: Slab): Bytes {
  const promised = item.entry.type === 'file' ? item.entry.size : 0
  let size = 0
  const add = (chunk: Uint8Array): void => {
    size += chunk.byteLength
    if (size > promised) throw wrongLength(item, `more than ${promised}`, promised)
    slab.add(chunk)
  }
  if (Symbol.iterator in content) {
    for (const chunk of content) {
      add(chunk)
      if (slab.isReady) yield* slab.takeReady()
    }
  } else {
    for await (const chunk of content) {
      add(chunk)
      if (slab.isReady) yield* slab.takeReady()
    }
  }
  if (size < promised) throw wrongLength(item, `${size}`, promised)
  slab.addZeros(paddingOf(promised))
}

function wrongLength({ entry }: TarItem, actual: string, promised: number): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `The content of ${showPath(entry.path)} is not as long as it was when the archive was begun`,
    why: `it gave ${actual} bytes instead of ${promised}`,
    fix: 'Something changes the file while it is read: let nothing but the build use it.',
  })
}
