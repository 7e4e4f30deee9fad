import { resolve } from 'node:path'
import type { Platform } from '../src/oci/platform.ts'
import type { BuildArgMatrix } from './build-arg-matrix.ts'
import { type Download, imagesOfDockerfiles } from './dockerfile-wishes.ts'
import { readImageLists } from './read-image-lists.ts'
import { type NamedImage, type Refusal, type WantedImage, withoutDuplicates } from './wanted-image.ts'

/** What is to be warmed, in the words of the command line. Paths may be relative to `cwd`. */
export interface Wishes {
  readonly images: readonly NamedImage[]
  /** Lists of images, and directories of such lists. */
  readonly lists: readonly string[]
  /** Dockerfiles, also on the web, and directories to look for Dockerfiles in. */
  readonly dockerfiles: readonly string[]
  readonly buildArgs: Readonly<Record<string, string>>
  readonly matrix: BuildArgMatrix
  /** For whatever names no platform. */
  readonly platforms: readonly Platform[]
  /** Platform of the machine that builds. */
  readonly buildPlatform: Platform
  readonly cwd: string
}

/** What wishes come to. */
export interface Wanted {
  /** In the order of the wishes, each once. */
  readonly images: readonly WantedImage[]
  readonly refused: readonly Refusal[]
  readonly warnings: readonly string[]
}

/** Reads all files that say what to warm. One that makes no sense stops no other: it is among those refused. */
export async function wantedImages(wishes: Wishes, download: Download): Promise<Wanted> {
  const { platforms, cwd } = wishes
  const named = wishes.images.flatMap((image) => platforms.map((platform) => ({ ...image, platform })))
  const lists = readImageLists(wishes)
  const dockerfiles = await imagesOfDockerfiles(wishes, download)
  const all: readonly WantedImage[] = [...named, ...lists.images, ...dockerfiles.images]
  return {
    images: withoutDuplicates(all.map((image) => withAbsoluteLayout(image, cwd))),
    refused: [...lists.refused, ...dockerfiles.refused],
    warnings: [...lists.warnings, ...dockerfiles.warnings],
  }
}

function withAbsoluteLayout(image: WantedImage, cwd: string): WantedImage {
  const { layout } = image
  return layout === undefined ? image : { ...image, layout: { ...layout, directory: resolve(cwd, layout.directory) } }
}
