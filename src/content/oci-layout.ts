import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HearthError, systemCode } from '../errors.ts'
import { asRecord, type Descriptor, parseDescriptor, parseJson } from '../oci/descriptor.ts'
import { indexBytes } from '../oci/manifest.ts'
import { mediaTypes } from '../oci/media-type.ts'
import { samePlatform } from '../oci/platform.ts'
import { writeFileAtomically } from './atomic-file.ts'
import { BlobStore } from './blob-store.ts'
import { onDiskOf } from './disk-error.ts'
import { withFileLock } from './file-lock.ts'
import { reapTemporaries } from './temporary.ts'

const layoutVersion = { imageLayoutVersion: '1.0.0' }
const nameAnnotation = 'org.opencontainers.image.ref.name'

/** An image of a layout: the descriptor of its manifest or index, and the name it goes by. */
export interface LayoutImage {
  readonly descriptor: Descriptor
  /** The annotation org.opencontainers.image.ref.name. */
  readonly name?: string
}

interface ListedImage extends LayoutImage {
  /** As it stands in index.json, with the fields we do not know. */
  readonly json: unknown
}

interface Listing {
  readonly document: Readonly<Record<string, unknown>>
  readonly images: readonly ListedImage[]
}

/** A directory in the OCI image layout, which skopeo, crane, umoci and podman can read. Processes may share it. */
export class OciLayout {
  readonly blobs: BlobStore
  readonly #directory: string
  #read: { readonly version: string; readonly images: readonly LayoutImage[] } | undefined

  private constructor(directory: string, blobs: BlobStore) {
    this.#directory = directory
    this.blobs = blobs
  }

  /** Unless read-only, makes the directory a layout. Throws when it holds a layout of a version we do not know. */
  static async open(directory: string, options: { readonly readOnly: boolean }): Promise<OciLayout> {
    const blobs = BlobStore.open(directory, options)
    const layout = new OciLayout(directory, blobs)
    await layout.#checkVersion()
    if (!options.readOnly) {
      reapTemporaries(directory)
      await layout.#create()
    }
    return layout
  }

  /** The images of index.json in their order; none when the file is missing. Throws when it is damaged. */
  async images(): Promise<readonly LayoutImage[]> {
    const { images } = await this.#list()
    return images.map(({ descriptor, name }) => (name === undefined ? { descriptor } : { descriptor, name }))
  }

  /** The same; index.json is read again only when it is another file or has another size or time than at the last call. */
  async knownImages(): Promise<readonly LayoutImage[]> {
    const version = await this.#indexVersion()
    if (version === undefined) return this.images()
    if (this.#read?.version === version) return this.#read.images
    const images = await this.images()
    // One that was replaced in between is taken for the earlier one, and so read again.
    this.#read = { version, images }
    return images
  }

  /** What tells one index.json from another. */
  async #indexVersion(): Promise<string | undefined> {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(this.#indexPath(), { bigint: true })
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
    } catch {
      return undefined
    }
  }

  /**
   * Adds images whose blobs are all written. Each takes the place of one with the same name and platform, and of an
   * unnamed one with the same digest. Other images stay, also those other processes add at the same time.
   */
  async add(...added: readonly LayoutImage[]): Promise<void> {
    const replacement = replacementBy(added)
    await this.#update((images) => [...images.filter((other) => !replacement(other)), ...added.map(listed)])
  }

  /** Takes images out of index.json; their blobs stay. */
  async remove(isRemoved: (image: LayoutImage) => boolean): Promise<void> {
    await this.#update((images) => images.filter((image) => !isRemoved(image)))
  }

  /** Makes these the only images. Blobs of others stay. */
  async replace(images: readonly LayoutImage[]): Promise<void> {
    await this.#update(() => images.map(listed))
  }

  async #update(change: (images: readonly ListedImage[]) => readonly ListedImage[]): Promise<void> {
    const path = this.#indexPath()
    await withFileLock(`${path}.lock`, async () => {
      const { document, images } = await this.#list()
      const next = { ...document, manifests: change(images).map((image) => image.json) }
      await writeFileAtomically(path, encode(next))
    })
    this.blobs.tidy()
  }

  async #create(): Promise<void> {
    const marker = join(this.#directory, 'oci-layout')
    const isLayout = (await this.#readIfThere(marker)) !== undefined
    if (!isLayout) await writeFileAtomically(marker, encode(layoutVersion))
    if ((await this.#readIfThere(this.#indexPath())) === undefined) await this.#update((images) => images)
  }

  async #checkVersion(): Promise<void> {
    const path = join(this.#directory, 'oci-layout')
    const bytes = await this.#readIfThere(path)
    if (bytes === undefined) return
    const version = inFile(
      path,
      () => asRecord(parseJson(bytes, 'oci-layout file'), 'oci-layout file').imageLayoutVersion,
    )
    if (version === '1.0.0') return
    throw new HearthError({
      code: 'manifest-invalid',
      message: 'The directory is an OCI layout of an unknown version',
      where: path,
      why: `its imageLayoutVersion is ${JSON.stringify(version)}, and only "1.0.0" is known`,
      fix: 'Choose another directory.',
    })
  }

  async #list(): Promise<Listing> {
    const path = this.#indexPath()
    const bytes = await this.#readIfThere(path)
    if (bytes === undefined) return { document: emptyIndex(), images: [] }
    return inFile(path, () => parseListing(bytes))
  }

  async #readIfThere(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(path)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      return await onDiskOf(this.#directory, Promise.reject(error))
    }
  }

  #indexPath(): string {
    return join(this.#directory, 'index.json')
  }
}

function parseListing(bytes: Uint8Array): Listing {
  const document = asRecord(parseJson(bytes, 'index.json'), 'index.json')
  const manifests = document.manifests ?? []
  if (!Array.isArray(manifests)) {
    throw new HearthError({ code: 'manifest-invalid', message: 'index.json has no list of manifests' })
  }
  const images = manifests.map((json: unknown): ListedImage => {
    const descriptor = parseDescriptor(json)
    const name = descriptor.annotations?.[nameAnnotation]
    return { descriptor, json, ...(name === undefined ? {} : { name }) }
  })
  return { document, images }
}

/** The two small files of a layout that lists these images; blobs come besides. */
export function layoutFiles(images: readonly LayoutImage[]): readonly { name: string; bytes: Uint8Array }[] {
  const index = { ...emptyIndex(), manifests: images.map((image) => listed(image).json) }
  return [
    { name: 'oci-layout', bytes: encode(layoutVersion) },
    { name: 'index.json', bytes: encode(index) },
  ]
}

function listed(image: LayoutImage): ListedImage {
  const { descriptor, name } = image
  const annotations = { ...descriptor.annotations, ...(name === undefined ? {} : { [nameAnnotation]: name }) }
  const { annotations: _, ...plain } = descriptor
  const full = Object.keys(annotations).length === 0 ? plain : { ...plain, annotations }
  const json = parseListing(indexBytes({ mediaType: mediaTypes.ociIndex, manifests: [full] })).images[0]?.json
  return { ...image, json }
}

/** Whether one of the images replaces an old one; there may be thousands of both. */
function replacementBy(images: readonly LayoutImage[]): (old: LayoutImage) => boolean {
  const digests = new Set(images.map(({ descriptor }) => descriptor.digest))
  const named = new Map<string | undefined, LayoutImage[]>()
  for (const image of images) named.set(image.name, [...(named.get(image.name) ?? []), image])
  return (old) => {
    if (old.name === undefined) return digests.has(old.descriptor.digest)
    return (named.get(old.name) ?? []).some((image) => isReplacedBy(old, image))
  }
}

function isReplacedBy(old: LayoutImage, image: LayoutImage): boolean {
  const sameDigest = old.descriptor.digest === image.descriptor.digest
  const [a, b] = [old.descriptor.platform, image.descriptor.platform]
  return sameDigest || a === undefined || b === undefined || samePlatform(a, b)
}

function emptyIndex(): Readonly<Record<string, unknown>> {
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function inFile<T>(path: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw error instanceof HearthError ? error.at(path) : error
  }
}
