import type { HearthError } from '../src/errors.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import type { Digest } from '../src/oci/digest.ts'
import type { WantedImage } from './wanted-image.ts'

/** An image that is warm now. */
export interface WarmedImage {
  /** "present": it was there and fresh. "warmed": it is new. "refreshed": it was there, and was asked for again. */
  readonly kind: 'present' | 'warmed' | 'refreshed'
  readonly manifest: Descriptor
  /** What the name stands for: digest of an index or of the manifest. */
  readonly resolved: Digest
  /** What the name stood for before, when that was another image. */
  readonly previous?: Digest
  /** The layers that were transferred. */
  readonly transferred: readonly Descriptor[]
}

/** What became of an image. */
export type WarmResult = {
  readonly wanted: WantedImage
  /** How long it took, without the time that it waited for its turn. */
  readonly seconds: number
} & (WarmedImage | { readonly kind: 'failed'; readonly error: HearthError })
