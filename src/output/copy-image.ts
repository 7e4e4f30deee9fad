import pLimit from 'p-limit'
import type { FinishedImage } from '../image/image.ts'
import { type Layer, openLayer } from '../image/layer.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { type Bytes, bytesOf } from '../stream/bytes.ts'
import type { WriteOptions } from './output.ts'

/** A blob of an image, ready to be read. */
export interface ImageBlob {
  readonly descriptor: Descriptor
  /** Opens the bytes; may be called again after a failure. */
  readonly open: () => Bytes
  /** Undefined for the configuration. */
  readonly layer: Layer | undefined
}

/** What receives a graph of blobs. */
export interface BlobTarget {
  /** Stores a blob unless it is there. Called once for each digest. */
  putBlob(blob: ImageBlob, options: WriteOptions): Promise<void>
  /** Makes the image known; all its blobs are stored. */
  putManifest(image: FinishedImage, options: WriteOptions): Promise<void>
}

export interface CopyImageOptions extends WriteOptions {
  /** How many blobs are handed to the target at once. */
  readonly parallel: number
}

/** Copies an image bottom up: every blob it consists of, then the manifest that names them. */
export async function copyImage(image: FinishedImage, target: BlobTarget, options: CopyImageOptions): Promise<void> {
  const { parallel, signal } = options
  const slots = pLimit(parallel)
  const failure = new AbortController()
  const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal])
  const copies = blobsOf(image).map(async (blob) => {
    try {
      await slots(async () => {
        either.throwIfAborted()
        await target.putBlob(blob, { signal: either })
      })
    } catch (error) {
      // The first failure ends the other transfers; they need not end before it is reported.
      if (!failure.signal.aborted) failure.abort(error)
      throw error
    }
  })
  await Promise.allSettled(copies)
  signal?.throwIfAborted()
  if (failure.signal.aborted) throw failure.signal.reason
  await target.putManifest(image, options)
}

/** Configuration and layers, each digest once. */
export function blobsOf(image: FinishedImage): readonly ImageBlob[] {
  const { configDescriptor, configBytes } = image
  const config: ImageBlob = { descriptor: configDescriptor, open: () => bytesOf(configBytes), layer: undefined }
  const blobs = new Map<string, ImageBlob>([[configDescriptor.digest, config]])
  for (const layer of image.layers) {
    const { descriptor } = layer
    blobs.set(descriptor.digest, { descriptor, open: () => openLayer(layer), layer })
  }
  return [...blobs.values()]
}
