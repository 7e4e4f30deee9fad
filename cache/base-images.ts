import { join } from 'node:path'
import { BlobStore } from '../src/content/blob-store.ts'
import { OciLayout } from '../src/content/oci-layout.ts'
import { reapTemporaries } from '../src/content/temporary.ts'
import { HearthError } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import { fetchLayer, type Layer } from '../src/image/layer.ts'
import type { PulledImage } from '../src/image/pulled-image.ts'
import type { Log } from '../src/log.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import { type Digest, isDigest } from '../src/oci/digest.ts'
import { type Manifest, parseManifest } from '../src/oci/manifest.ts'
import { formatPlatform, normalizePlatform, type Platform, samePlatform } from '../src/oci/platform.ts'
import { formatReference, type Reference } from '../src/oci/reference.ts'
import { bytesOf } from '../src/stream/bytes.ts'
import { indexWarmImages } from './image-index.ts'
import { noteUse } from './last-use.ts'
import { isFresh } from './layer-cache.ts'
import type { Pins } from './pins.ts'
import { Trouble } from './trouble.ts'
import {
  listWarmReferences,
  readWarmReference,
  type WarmReference,
  warmReferencePath,
  writeWarmReference,
} from './warm-reference.ts'

export interface BaseImagesOptions {
  readonly readOnly: boolean
  readonly log: Log
  /** How long a tag counts after it was resolved, in ms; digests never expire. Without it nothing expires. */
  readonly ttlMs?: number
  readonly now?: () => Date
  /** The directory's blobs, where somebody has opened them already. */
  readonly store?: BlobStore
  /** The lease of whoever fills the directory; closed with it. */
  readonly pins?: Pins | undefined
}

/** A warmed image, found under the reference asked for. */
export interface WarmImage {
  /** "registry/repository:tag", or the digest it was asked by. */
  readonly reference: string
  readonly platform: string
  readonly manifest: Descriptor
  /** What the registry answered for the reference: digest of an index or of the manifest. */
  readonly resolved: Digest
  readonly resolvedAt: Date
  /** The tag was resolved longer ago than the time to live. */
  readonly expired: boolean
}

export interface AddImageOptions {
  readonly reference: Reference
  readonly platform: Platform
  /** What the registry answered for the reference: digest of an index or of the manifest. */
  readonly resolvedDigest: Digest
  readonly signal?: AbortSignal
}

/** Base images in a directory the warmer fills: a valid OCI layout, and in refs/ what each reference was resolved to. */
export class BaseImages {
  readonly directory: string
  readonly store: BlobStore
  readonly #options: BaseImagesOptions
  readonly #reading: Trouble
  #layout: Promise<OciLayout> | undefined

  private constructor(directory: string, store: BlobStore, options: BaseImagesOptions) {
    this.directory = directory
    this.store = store
    this.#options = options
    this.#reading = new Trouble(options.log, `A warmed image in ${directory} is damaged and is not used`)
  }

  /** Unless read-only, creates the directory; throws a HearthError when it cannot be written. */
  static open(directory: string, options: BaseImagesOptions): BaseImages {
    const store = options.store ?? BlobStore.open(directory, { readOnly: options.readOnly, pins: options.pins })
    if (!options.readOnly) reapTemporaries(join(directory, 'refs'))
    return new BaseImages(directory, store, options)
  }

  /** The manifest of a warm image; undefined when it is not there, not whole, or its tag has expired. */
  async find(reference: Reference, platform: Platform): Promise<Descriptor | undefined> {
    const image = await this.status(reference, platform)
    if (image?.expired !== true) return image?.manifest
    const when = image.resolvedAt.toISOString()
    this.#options.log.info(`${image.reference} was warmed at ${when}, longer ago than the cache's time to live`)
    return undefined
  }

  /** The same with what is known about it, expired or not. */
  async status(reference: Reference, platform: Platform): Promise<WarmImage | undefined> {
    const look = (): Promise<WarmReference | undefined> => {
      return this.#look(reference, formatPlatform(normalizePlatform(platform)))
    }
    try {
      const found = await look()
      if (found === undefined) return undefined
      await this.#checkWhole(found.manifest)
      const { name, platform: listed } = found
      if (!this.#options.readOnly) await noteUse([warmReferencePath(this.directory, name, listed)])
      return this.#describe(found)
    } catch (error) {
      // What a prune has taken away meanwhile is no damage.
      const isStillListed = (await look().catch(() => error)) !== undefined
      if (isStillListed) this.#reading.note(error)
      return undefined
    }
  }

  /**
   * Fetches what is missing of an image, then lists it. It can be found by its reference, by the digest that the
   * reference stood for, and by its manifest's digest. Nothing is visible before every blob is there.
   */
  async add(image: PulledImage, options: AddImageOptions): Promise<void> {
    const { signal } = options
    const { mediaType, digest, size } = image.manifestDescriptor
    const manifest = { mediaType, digest, size }
    const abort = signal === undefined ? {} : { signal }
    const { config } = manifestOf(image.manifestBytes, manifest)
    await fetchAll(image.image.layers, this.store, signal)
    await this.store.write(bytesOf(image.configBytes), { expected: config, ...abort })
    await this.store.write(bytesOf(image.manifestBytes), { expected: manifest, ...abort })

    await this.note(manifest, options)
  }

  /**
   * Lists an image whose blobs are all there, unless that is done, and notes that its reference stands for it now. It can
   * be found from here on.
   */
  async note(manifest: Descriptor, { reference, platform, resolvedDigest }: AddImageOptions): Promise<void> {
    const { mediaType, digest, size } = manifest
    const descriptor = { mediaType, digest, size, platform: normalizePlatform(platform) }
    const isListed = await this.isListed(reference, platform, digest)
    if (!isListed) await (await this.#openLayout()).add({ descriptor, name: formatReference(reference) })
    const name = nameOf(reference)
    const asked = formatPlatform(normalizePlatform(platform))
    const common = { manifest, resolved: resolvedDigest, resolvedAt: (this.#options.now ?? (() => new Date()))() }
    await writeWarmReference(this.directory, { ...common, name: digest, platform: '' })
    if (resolvedDigest !== digest)
      await writeWarmReference(this.directory, { ...common, name: resolvedDigest, platform: asked })
    if (!isDigest(name)) await writeWarmReference(this.directory, { ...common, name, platform: asked })
  }

  /** Brings the rows about warmed images in line with what is noted; when all images are added is soon enough. */
  async index(): Promise<void> {
    await indexWarmImages(this.directory, this.#options.log)
  }

  /** Whether an image is listed by this very name, which one that is found by its digest need not be. */
  async isListed(reference: Reference, platform: Platform, digest?: Digest): Promise<boolean> {
    const name = formatReference(reference)
    const images = await (await this.#openLayout()).images()
    return images.some((one) => {
      const known = one.descriptor.platform
      const isIt = one.name === name && known !== undefined && samePlatform(known, platform)
      return isIt && (digest === undefined || one.descriptor.digest === digest)
    })
  }

  /** What was warmed by name, in no particular order; images known by digest only are left out. */
  async list(): Promise<readonly WarmImage[]> {
    const references = await listWarmReferences(this.directory)
    return references.filter(({ name }) => !isDigest(name)).map((reference) => this.#describe(reference))
  }

  /** What was used need not stay any more. */
  close(): void {
    this.#options.pins?.close()
  }

  async #look(reference: Reference, platform: string): Promise<WarmReference | undefined> {
    const name = nameOf(reference)
    const found = await readWarmReference(this.directory, name, platform)
    return found ?? (isDigest(name) ? await readWarmReference(this.directory, name, '') : undefined)
  }

  async #checkWhole(manifestDescriptor: Descriptor): Promise<void> {
    const manifest = manifestOf(await this.store.read(manifestDescriptor, maxDocumentSize), manifestDescriptor)
    const missing = [manifest.config, ...manifest.layers].find((blob) => !this.store.has(blob))
    if (missing === undefined) return
    throw new HearthError({
      code: 'cache-unusable',
      message: `Image ${manifestDescriptor.digest} is not complete`,
      why: `blob ${missing.digest} is missing`,
    })
  }

  #describe(found: WarmReference): WarmImage {
    const { ttlMs = Number.POSITIVE_INFINITY, now = () => new Date() } = this.#options
    const { name, platform, manifest, resolved, resolvedAt } = found
    const expired = !isDigest(name) && !isFresh(resolvedAt, ttlMs, now())
    return { reference: name, platform, manifest, resolved, resolvedAt, expired }
  }

  #openLayout(): Promise<OciLayout> {
    this.#layout ??= OciLayout.open(this.directory, { readOnly: this.#options.readOnly })
    return this.#layout
  }
}

/** Fetches layers side by side. When one fails the others are stopped, and nothing runs any more when this throws. */
async function fetchAll(layers: readonly Layer[], store: BlobStore, outer: AbortSignal | undefined): Promise<void> {
  const failure = new AbortController()
  const signal = outer === undefined ? failure.signal : AbortSignal.any([outer, failure.signal])
  const fetches = layers.map((layer) => fetchLayer(layer, store, { signal }).catch((error) => failure.abort(error)))
  await Promise.all(fetches)
  failure.signal.throwIfAborted()
}

/** A digest says which image it is, wherever it is; a tag needs its repository. */
function nameOf(reference: Reference): string {
  return reference.digest ?? formatReference(reference)
}

function manifestOf(bytes: Uint8Array, descriptor: Descriptor): Manifest {
  const parsed = parseManifest(bytes, descriptor.mediaType)
  if (parsed.kind === 'manifest') return parsed.manifest
  throw new HearthError({ code: 'manifest-invalid', message: `${descriptor.digest} is an image index, not an image` })
}
