import { type FileHandle, open } from 'node:fs/promises'
import type { BlobStore } from '../content/blob-store.ts'
import { PackedBlob } from '../content/packed-blob.ts'
import { HearthError, messageOf } from '../errors.ts'
import { asRecord, parseJson } from '../oci/descriptor.ts'
import type { DiffID } from '../oci/digest.ts'
import { parseImageConfig } from '../oci/image-config.ts'
import { mediaTypes } from '../oci/media-type.ts'
import { formatReference, parseReference } from '../oci/reference.ts'
import type { Bytes } from '../stream/bytes.ts'
import { detectCompression } from '../stream/compression.ts'
import { digestOfContent } from '../stream/digesting.ts'
import { type ArchiveMember, archiveMembers } from '../tar/archive-members.ts'
import { maxDocumentSize } from './from-registry.ts'
import { type FinishedImage, finishWith, type ImageFormat } from './image.ts'
import { type Layer, storeLayer } from './layer.ts'

export interface ArchiveOptions {
  /** A file: what `docker save`, podman or kaniko's and hearth's --tar-path write. */
  readonly path: string
  /** Which image of it, as the archive names it; may be left out where there is one. */
  readonly name: string | undefined
  readonly format: ImageFormat
  /** Takes layers that are not compressed in the archive, compressed. */
  readonly store: BlobStore
  readonly signal: AbortSignal
}

/** Whether a tar file is an OCI layout; undefined where it is no tar file. Reads its headers alone. */
export async function isLayoutArchive(path: string): Promise<boolean | undefined> {
  const handle = await open(path)
  try {
    const names = (await archiveMembers(handle)).map(({ name }) => plainName(name))
    return names.includes('index.json') && names.includes('oci-layout')
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

/**
 * An image of an archive. Its configuration stays as it is, and compressed layers are read where they are. Throws a
 * HearthError "manifest-invalid" where the archive is not one, or lacks something.
 */
export async function imageFromArchive(options: ArchiveOptions): Promise<FinishedImage> {
  const { path, format } = options
  const handle = await open(path)
  try {
    const archive = { path, handle, members: await membersOf(handle, path) }
    const { Config, Layers } = choose(await listOf(archive), options)
    const configBytes = await read(archive, Config)
    const { diffIDs } = parseImageConfig(configBytes)
    if (diffIDs.length !== Layers.length) {
      throw unusable(path, `it lists ${Layers.length} layers, and the configuration ${diffIDs.length}`)
    }
    const layers: Layer[] = []
    for (const [i, name] of Layers.entries()) {
      layers.push(await layerOf(archive, { name, diffID: diffIDs[i] as DiffID }, options))
    }
    return finishWith({ configBytes, layers, annotations: {} }, format)
  } finally {
    await handle.close()
  }
}

interface Archive {
  readonly path: string
  readonly handle: FileHandle
  readonly members: ReadonlyMap<string, ArchiveMember>
}

interface ListedImage {
  readonly Config: string
  readonly RepoTags: readonly string[]
  readonly Layers: readonly string[]
}

async function membersOf(handle: FileHandle, path: string): Promise<ReadonlyMap<string, ArchiveMember>> {
  try {
    return new Map((await archiveMembers(handle)).map((member) => [plainName(member.name), member]))
  } catch (error) {
    throw unusable(path, messageOf(error), error)
  }
}

function plainName(name: string): string {
  return name.replace(/^(?:\.?\/)+/, '')
}

async function listOf(archive: Archive): Promise<readonly ListedImage[]> {
  const images = parseJson(await read(archive, 'manifest.json'), 'manifest.json')
  if (!Array.isArray(images)) throw unusable(archive.path, 'its manifest.json is no list of images')
  return images.map((image) => {
    const { Config, RepoTags, Layers } = asRecord(image, 'manifest.json')
    if (typeof Config !== 'string' || !isTexts(Layers))
      throw unusable(archive.path, 'its manifest.json names no layers')
    return { Config, RepoTags: isTexts(RepoTags) ? RepoTags : [], Layers }
  })
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}

function choose(images: readonly ListedImage[], { path, name }: ArchiveOptions): ListedImage {
  const meant = name === undefined ? images : images.filter(({ RepoTags }) => RepoTags.some((tag) => isSame(tag, name)))
  const [only] = meant
  if (only !== undefined && meant.length === 1) return only
  const names = images.flatMap(({ RepoTags }) => RepoTags).join(', ')
  throw new HearthError({
    code: 'image-missing',
    message: name === undefined ? 'The archive has more images than one' : `The archive has no image ${name}`,
    where: path,
    why: names === '' ? 'none of its images has a name' : `it has ${names}`,
    fix: 'Say which one with --name.',
  })
}

/** Names are written with and without what is usual in them. */
function isSame(tag: string, name: string): boolean {
  try {
    return tag === name || formatReference(parseReference(tag)) === formatReference(parseReference(name))
  } catch {
    return false
  }
}

async function read({ path, handle, members }: Archive, name: string): Promise<Buffer> {
  const member = members.get(plainName(name))
  if (member === undefined) throw unusable(path, `it has no ${name}`)
  if (member.size > maxDocumentSize) throw unusable(path, `${name} is too large`)
  const bytes = Buffer.alloc(member.size)
  const { bytesRead } = await handle.read(bytes, 0, member.size, member.offset)
  return bytes.subarray(0, bytesRead)
}

interface WantedLayer {
  readonly name: string
  readonly diffID: DiffID
}

async function layerOf(archive: Archive, { name, diffID }: WantedLayer, options: ArchiveOptions): Promise<Layer> {
  const { path, store, signal } = options
  const member = archive.members.get(plainName(name))
  if (member === undefined) throw unusable(path, `it has no file ${name}`)
  const head = Buffer.alloc(6)
  await archive.handle.read(head, 0, 6, member.offset)
  const compression = detectCompression(head)
  if (compression === 'none') {
    const layer = await storeLayer(store, contentOf(archive.handle, member), { level: 6, signal })
    if (layer.diffID === diffID) return layer
    throw unusable(path, `${name} hashes to ${layer.diffID}, and the configuration says ${diffID}`)
  }
  if (compression !== 'gzip' && compression !== 'zstd')
    throw unusable(path, `${name} is compressed with ${compression}`)
  const digest = await digestOfContent(contentOf(archive.handle, member))
  const mediaType = compression === 'gzip' ? mediaTypes.ociLayerGzip : mediaTypes.ociLayerZstd
  const descriptor = { mediaType, digest, size: member.size }
  return { kind: 'packed', descriptor, diffID, blob: new PackedBlob({ path, offset: member.offset, descriptor }) }
}

async function* contentOf(handle: FileHandle, { offset, size }: ArchiveMember): Bytes {
  for (let done = 0; done < size; ) {
    const wanted = Math.min(1 << 20, size - done)
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, offset + done)
    if (bytesRead === 0) return
    done += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

function unusable(path: string, why: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'manifest-invalid',
    message: 'What is to be pushed is not the archive of an image, or it is damaged',
    where: path,
    why,
    fix: 'Give an archive that --tar-path, "docker save" or "podman save" wrote, or an OCI layout.',
    cause,
  })
}
