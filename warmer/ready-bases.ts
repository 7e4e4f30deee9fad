import { join } from 'node:path'
import type { BaseImages } from '../cache/base-images.ts'
import { FileTables } from '../cache/file-tables.ts'
import { Trouble } from '../cache/trouble.ts'
import type { UnpackedTrees } from '../cache/unpacked-trees.ts'
import { imageFromStore } from '../src/image/from-store.ts'
import { ImageTrees } from '../src/image/image-trees.ts'
import type { Layer } from '../src/image/layer.ts'
import { unpackLayers } from '../src/image/unpack-layers.ts'
import type { Log } from '../src/log.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import type { Digest } from '../src/oci/digest.ts'
import type { WarmResult } from './warm-result.ts'

export interface ReadyOptions {
  readonly images: BaseImages
  /** Where they are unpacked as well; undefined where they are not. */
  readonly trees: UnpackedTrees | undefined
  readonly log: Log
  readonly signal?: AbortSignal
}

/**
 * Makes warm images ready to build upon: file tables of all, and their unpacked files where that is asked for. One after
 * the other, each once; what is there is left alone. What goes wrong costs builds time, and is logged.
 */
export async function readyBases(results: readonly WarmResult[], options: ReadyOptions): Promise<void> {
  const { images, trees, log, signal } = options
  const { directory } = images
  const writing = new Trouble(log, `A file table cannot be written to ${directory}`)
  const failing = new Trouble(log, `An image in ${directory} is warm, but not ready to build upon`)
  const tables = new FileTables({ directory, readOnly: false, log, writing })
  try {
    for (const manifest of manifestsOf(results)) {
      try {
        const { image } = await imageFromStore(images.store, manifest)
        await readTree(image.layers, tables, options)
        await unpack(image.layers, options)
      } catch (error) {
        signal?.throwIfAborted()
        failing.note(error)
      }
    }
  } finally {
    await trees?.close()
  }
}

function manifestsOf(results: readonly WarmResult[]): readonly Descriptor[] {
  const found = new Map<Digest, Descriptor>()
  for (const result of results) if (result.kind !== 'failed') found.set(result.manifest.digest, result.manifest)
  return [...found.values()]
}

/** What is read is written by the tables; what they know is not read. */
async function readTree(layers: readonly Layer[], tables: FileTables, options: ReadyOptions): Promise<void> {
  const { images, log, signal } = options
  const abort = signal === undefined ? {} : { signal }
  const trees = new ImageTrees({ directory: join(images.directory, 'tmp'), tables, log, ...abort })
  await trees.of(layers, { contents: false, base: layers.length })
  await tables.settled()
}

async function unpack(layers: readonly Layer[], { images, trees, log, signal }: ReadyOptions): Promise<void> {
  const abort = signal === undefined ? {} : { signal }
  await trees?.hold(
    layers.map(({ diffID }) => diffID),
    {
      // Whether overlays can lie on it is seen by those who make some.
      isUsable: () => true,
      async unpack(root) {
        for await (const _ of unpackLayers(root, layers, { store: images.store, log, ...abort }));
      },
    },
  )
}
