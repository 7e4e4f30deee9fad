import type { BlobStore } from '../content/blob-store.ts'
import { inBlobTurn } from '../content/blob-turn.ts'
import type { PackedBlob } from '../content/packed-blob.ts'
import { HearthError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { DiffID } from '../oci/digest.ts'
import { layerCompression, mediaTypes } from '../oci/media-type.ts'
import type { Reference } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { Bytes } from '../stream/bytes.ts'
import { decompress, gzip, zstd } from '../stream/compression.ts'
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
  /** Finds the same layer in another place, should the copy in the store turn out damaged or be gone. */
  readonly elsewhere?: (options: ReadOptions) => Promise<Layer | undefined>
}

/** A layer known by its descriptor only; its bytes stay in the registry until somebody opens it. */
export interface RemoteLayer extends LayerCommon {
  readonly kind: 'remote'
  readonly client: RegistryClient
  /** Where the bytes are: registry and repository. */
  readonly repository: Reference
  /** A store that has the bytes, too, if somebody has fetched them into it. */
  readonly near?: BlobStore
}

/** A layer whose bytes are a stretch of somebody else's file. */
export interface PackedLayer extends LayerCommon, Pick<StoredLayer, 'elsewhere'> {
  readonly kind: 'packed'
  readonly blob: PackedBlob
}

export type Layer = StoredLayer | RemoteLayer | PackedLayer

export interface ReadOptions {
  readonly signal?: AbortSignal
}

/**
 * The layer as stored, compressed; size and digest are checked by the end of the stream. A stored copy is checked before
 * its first byte is given; in place of a damaged one the layer comes from elsewhere, where it can.
 */
export function openLayer(layer: Layer, options: ReadOptions = {}): Bytes {
  return layer.keep === undefined ? openSource(layer, options) : openKept(layer, layer.keep, options)
}

/** Whether the layer's bytes can be had; only a stored copy is looked at. A damaged one is removed. */
export async function isWhole(layer: Layer, options: ReadOptions = {}): Promise<boolean> {
  if (layer.kind === 'remote' || (await hasCopy(layer))) return true
  return (await other(layer, options)) !== undefined
}

function openSource(layer: Layer, options: ReadOptions): Bytes {
  return layer.kind === 'remote' ? openRemote(layer, options) : openCopy(layer, options)
}

async function* openRemote({ descriptor, client, repository, near }: RemoteLayer, options: ReadOptions): Bytes {
  const holder = await near?.holder(descriptor)
  yield* holder === undefined ? client.openBlob(repository, descriptor, options) : holder.open(descriptor, options)
}

/** Of a layer that is on the disk, whether its bytes are whole there. */
function hasCopy(layer: StoredLayer | PackedLayer): Promise<boolean> {
  return layer.kind === 'packed' ? layer.blob.check() : layer.store.check(layer.descriptor)
}

async function* openCopy(layer: StoredLayer | PackedLayer, options: ReadOptions): Bytes {
  if (await hasCopy(layer)) {
    yield* layer.kind === 'packed' ? layer.blob.open(options) : layer.store.open(layer.descriptor, options)
    return
  }
  const found = await other(layer, options)
  if (found === undefined) throw damagedCopy(layer)
  yield* openLayer(layer.kind === 'packed' ? found : { ...found, keep: layer.store }, options)
}

async function other(
  { descriptor, elsewhere }: StoredLayer | PackedLayer,
  options: ReadOptions,
): Promise<Layer | undefined> {
  const found = await elsewhere?.(options)
  return found?.descriptor.digest === descriptor.digest ? found : undefined
}

function damagedCopy(layer: StoredLayer | PackedLayer): HearthError {
  const { digest } = layer.descriptor
  const isOurs = layer.kind === 'stored' && !layer.store.readOnly
  return new HearthError({
    code: 'integrity',
    message: `The stored copy of layer ${digest} is damaged or gone`,
    where: layer.kind === 'packed' ? layer.blob.path : layer.store.pathOf(digest),
    why: 'its bytes do not hash to its digest, and it can be had from nowhere else',
    fix: isOurs
      ? 'Build again: what was damaged is removed, and the layer will be made or fetched anew.'
      : 'It is not changed from here: remove the file where it can be written, or use another directory.',
  })
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
  try {
    yield* digesting.pass(decompress(openLayer(layer, options), compression))
  } catch (error) {
    throw error instanceof HearthError ? error.at(`layer ${layer.descriptor.digest}`) : error
  }
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
  /** How it is compressed; gzip unless given. */
  readonly compression?: NewCompression
  /** 1 to 9 of zlib, or 1 to 22 of zstd. */
  readonly level: number
}

/** How new layers can be compressed. */
export const newCompressions = ['gzip', 'zstd'] as const
export type NewCompression = (typeof newCompressions)[number]

/** Writes a layer tar into the store in one pass: hashed, compressed, hashed again, written. */
export async function storeLayer(store: BlobStore, tar: Bytes, options: StoreLayerOptions): Promise<StoredLayer> {
  const { compression = 'gzip', level } = options
  const digesting = new DigestingStream()
  const compress = compression === 'gzip' ? gzip : zstd
  const written = await store.write(compress(digesting.pass(tar), level), options)
  const mediaType = compression === 'gzip' ? mediaTypes.ociLayerGzip : mediaTypes.ociLayerZstd
  const descriptor = { mediaType, digest: written.digest, size: written.size }
  return { kind: 'stored', descriptor, diffID: digesting.digest() as string as DiffID, store: written.store }
}

/**
 * The same layer with its bytes, whole, in `store` or in the one that followed it; nothing is transferred when they are
 * there already. A damaged copy there is replaced.
 */
export async function fetchLayer(layer: Layer, store: BlobStore, options: ReadOptions = {}): Promise<StoredLayer> {
  const there = await storedIn(layer, store, options)
  if (there !== undefined) return there
  if (layer.kind !== 'remote' || !store.isShared) return bring(layer, store, options)
  return inBlobTurn({ directory: store.directory, digest: layer.descriptor.digest, ...options }, async () => {
    return (await storedIn(layer, store, options)) ?? bring(layer, store, options)
  })
}

async function storedIn(layer: Layer, store: BlobStore, { signal }: ReadOptions): Promise<StoredLayer | undefined> {
  const { descriptor, diffID } = layer
  const holder = await store.holder(descriptor)
  signal?.throwIfAborted()
  if (layer.kind === 'stored' && layer.store === holder) return layer
  return holder && { kind: 'stored', descriptor, diffID, store: holder }
}

async function bring(layer: Layer, store: BlobStore, options: ReadOptions): Promise<StoredLayer> {
  const { descriptor, diffID } = layer
  const written = await store.write(openSource(layer, options), { expected: descriptor, ...options })
  return { kind: 'stored', descriptor, diffID, store: written.store }
}
