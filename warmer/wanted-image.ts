import { HearthError } from '../src/errors.ts'
import { formatPlatform, type Platform } from '../src/oci/platform.ts'
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

/** The images in the order given, each once per platform. A layout goes before the registry it stands for. */
export function withoutDuplicates(images: readonly WantedImage[]): readonly WantedImage[] {
  const found = new Map<string, WantedImage>()
  for (const image of images) {
    const identity = `${formatReference(image.reference)} ${formatPlatform(image.platform)}`
    const earlier = found.get(identity)
    if (earlier === undefined || (earlier.layout === undefined && image.layout !== undefined))
      found.set(identity, image)
  }
  return [...found.values()]
}
