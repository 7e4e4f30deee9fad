import { HearthError } from '../src/errors.ts'
import { formatPlatform, normalizePlatform, type Platform } from '../src/oci/platform.ts'
import { formatReference, parseReference, type Reference } from '../src/oci/reference.ts'

/** An image of an OCI image layout on disk. */
export interface LayoutSource {
  /** The layout's directory, as given. */
  readonly directory: string
  /** What the layout calls the image. */
  readonly name: string
}

/** An image that was asked for by name. */
export interface NamedImage {
  /** What a FROM that wants it says. */
  readonly reference: Reference
  /** Where it is taken from instead of its registry. */
  readonly layout?: LayoutSource
}

/** An image to warm: one platform's. */
export interface WantedImage extends NamedImage {
  readonly platform: Platform
  /** The files that want it; --image does not count as one. */
  readonly wantedBy?: readonly string[]
}

/** Something that was to be warmed, and of which is not known what it is: the text of a reference, the path of a file. */
export interface Refusal {
  readonly text: string
  readonly error: HearthError
}

const layoutPrefix = 'oci:'

/**
 * Parses "[registry/]repository[:tag][@digest]", or "oci:directory:name" for an image of a layout, which is warmed under
 * its name there. The directory holds no colon.
 */
export function parseImage(text: string): NamedImage {
  if (!text.startsWith(layoutPrefix)) return { reference: parseReference(text) }
  const place = text.slice(layoutPrefix.length)
  const colon = place.indexOf(':')
  const directory = place.slice(0, colon)
  const name = place.slice(colon + 1)
  if (colon > 0 && name !== '') return { reference: parseReference(name), layout: { directory, name } }
  throw new HearthError({
    code: 'reference-invalid',
    message: `"${text}" does not name an image of an OCI layout`,
    fix: 'Write it as oci:directory:name. An image called "oci" is docker.io/library/oci.',
  })
}

/** "registry/repository:tag linux/amd64": the same for images that are the same wish. */
export function identityOf({ reference, platform }: Pick<WantedImage, 'reference' | 'platform'>): string {
  return `${formatReference(reference)} ${formatPlatform(normalizePlatform(platform))}`
}

/** The images in the order given, each once per platform. A layout goes before the registry it stands for. */
export function withoutDuplicates(images: readonly WantedImage[]): readonly WantedImage[] {
  const found = new Map<string, WantedImage>()
  for (const image of images) {
    const identity = identityOf(image)
    const earlier = found.get(identity)
    const first = earlier === undefined || (earlier.layout === undefined && image.layout !== undefined)
    found.set(identity, wantedByBoth(first ? image : earlier, [earlier, image]))
  }
  return [...found.values()]
}

function wantedByBoth(image: WantedImage, both: readonly (WantedImage | undefined)[]): WantedImage {
  const files = new Set(both.flatMap((one) => one?.wantedBy ?? []))
  return files.size === 0 ? image : { ...image, wantedBy: [...files] }
}
