import type { ImageTrees } from '../image/image-trees.ts'
import type { Log } from '../log.ts'
import type { Platform } from '../oci/platform.ts'
import { formatReference, type ImageReference } from '../oci/reference.ts'
import type { Root } from '../rootfs/root.ts'
import type { BuildRooms } from './rooms.ts'
import type { StageRoot } from './stage-files.ts'

export interface SourceImagesOptions {
  readonly rooms: BuildRooms
  readonly trees: ImageTrees
  /** See `BuildGraph`. */
  readonly openRoot: (name: string, log: Log) => StageRoot
}

/** The files of images that stages copy from or mount, each made once, when somebody asks. */
export class SourceImages {
  readonly #rooms: BuildRooms
  readonly #trees: ImageTrees
  readonly #openRoot: SourceImagesOptions['openRoot']
  readonly #roots = new Map<string, Promise<Root>>()
  readonly #directories = new Map<string, Promise<string>>()

  constructor({ rooms, trees, openRoot }: SourceImagesOptions) {
    this.#rooms = rooms
    this.#trees = trees
    this.#openRoot = openRoot
  }

  root(reference: ImageReference, platform: Platform): Promise<Root> {
    if (this.#rooms.unpackAll === true) return this.directory(reference, platform)
    const name = formatReference(reference)
    const root = this.#roots.get(name) ?? this.#read(reference, platform)
    this.#roots.set(name, root)
    return root
  }

  /** The same in a directory of the machine. */
  directory(reference: ImageReference, platform: Platform): Promise<string> {
    const name = formatReference(reference)
    const directory = this.#directories.get(name) ?? this.#unpack(reference, platform)
    this.#directories.set(name, directory)
    return directory
  }

  async #read(reference: ImageReference, platform: Platform): Promise<Root> {
    const { image } = await this.#rooms.images.find(reference, platform)
    return this.#trees.of(image.layers, { contents: true, base: image.layers.length })
  }

  async #unpack(reference: ImageReference, platform: Platform): Promise<string> {
    const log = this.#rooms.log.child(`[${formatReference(reference)}]`)
    const root = this.#openRoot(`image-${this.#directories.size}`, log)
    const { image } = await this.#rooms.images.find(reference, platform)
    const { length } = image.layers
    await root.bringTo(image.layers, { base: length, image: length })
    return root.path
  }
}
