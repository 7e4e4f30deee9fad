import type { BlobStore } from '../content/blob-store.ts'
import { HearthError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { DiffID } from '../oci/digest.ts'
import { layerCompression, mediaTypes } from '../oci/media-type.ts'
import type { Reference } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { Bytes } from '../stream/bytes.ts'
import { decompress, gzip } from '../stream/compression.ts'
import { DigestingStream } from '../stream/digesting.ts'

interface LayerCommon {
  readonly descriptor: Descriptor
  readonly diffID: DiffID
  /** A store that is to have the bytes once somebody has read them. */
  readonly keep?: BlobStore
}

/** A layer whose bytes lie in a blob store. */
export interface StoredLayer extends LayerCommon {
  readonly kind: 'stored'
  readonly store: BlobStore
}

/** A layer known by its descriptor only; its bytes stay in the registry until somebody opens it. */
export interface RemoteLayer extends LayerCommon {
  readonly kind: 'remote'
  readonly client: RegistryClient
  /** Where the bytes are: registry and repository. */
  readonly repository: Reference
}

export type Layer = StoredLayer | RemoteLayer

export interface ReadOptions {
  readonly signal?: AbortSignal
}

/** The layer as stored, compressed; size and digest are checked by the end of the stream. */
export function openLayer(layer: Layer, options: ReadOptions = {}): Bytes {
  return layer.keep === undefined ? openSource(layer, options) : openKept(layer, layer.keep, options)
}

function openSource(layer: Layer, options: ReadOptions): Bytes {
  if (layer.kind === 'stored') return layer.store.open(layer.descriptor, options)
  return layer.client.openBlob(layer.repository, layer.descriptor, options)
}

/** Through the store that keeps the layer; one that cannot take it spoils nothing. */
async function* openKept(layer: Layer, keep: BlobStore, options: ReadOptions): Bytes {
  const kept = await fetchLayer(layer, keep, options).catch(() => undefined)
  options.signal?.throwIfAborted()
  yield* openSource(kept ?? layer, options)
}

/** The uncompressed tar; besides size and digest, the diffID is checked by the end of the stream. */
export async function* openLayerTar(layer: Layer, options: ReadOptions = {}): Bytes {
  const compression = layerCompression(layer.descriptor.mediaType)
  if (compression === undefined) {
    throw new HearthError({
      code: 'layer-invalid',
      message: `${layer.descriptor.digest} is not a filesystem layer`,
      why: `its media type is ${layer.descriptor.mediaType}`,
    })
  }
  const digesting = new DigestingStream()
  yield* digesting.pass(decompress(openLayer(layer, options), compression))
  const actual = digesting.digest() as string
  if (actual === layer.diffID) return
  throw new HearthError({
    code: 'integrity',
    message: `Layer ${layer.descriptor.digest} does not hold what the image configuration promised`,
    why: `uncompressed it hashes to ${actual}, not to ${layer.diffID}`,
    fix: 'The image is damaged or was tampered with: pull another copy of it.',
  })
}

export interface StoreLayerOptions extends ReadOptions {
  /** zlib's compression level, 1 to 9. */
  readonly level: number
}

/** Writes a layer tar into the store in one pass: hashed, compressed, hashed again, written. */
export async function storeLayer(store: BlobStore, tar: Bytes, options: StoreLayerOptions): Promise<StoredLayer> {
  const digesting = new DigestingStream()
  const { digest, size } = await store.write(gzip(digesting.pass(tar), options.level), options)
  const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest, size }
  return { kind: 'stored', descriptor, diffID: digesting.digest() as string as DiffID, store }
}

/** The same layer with its bytes in `store`; nothing is transferred when they are there already. */
export async function fetchLayer(layer: Layer, store: BlobStore, options: ReadOptions = {}): Promise<StoredLayer> {
  if (layer.kind === 'stored' && layer.store.directory === store.directory) return layer
  const { descriptor, diffID } = layer
  if (!store.has(descriptor)) await store.write(openSource(layer, options), { expected: descriptor, ...options })
  return { kind: 'stored', descriptor, diffID, store }
}
