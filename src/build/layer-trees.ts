import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { UnpackedTrees } from '../../cache/unpacked-trees.ts'
import { systemCode } from '../errors.ts'
import type { Layer } from '../image/layer.ts'
import { chainID } from '../oci/digest.ts'
import { readXattrs, setMetadata } from '../rootfs/metadata.ts'
import { mostLower, mountOverlay, type OverlayMarks, unmountOverlay } from '../rootfs/overlay-mount.ts'
import { recordOf } from '../rootfs/record.ts'
import { rawPath } from '../tar/raw-path.ts'

/** Directories that make a root when they lie on each other, topmost first. They do not change any more. */
export type LayerStack = readonly string[]

/** A mounted root that can be written. */
export interface MountedRoot {
  /** What its files are without the changes: a host directory. */
  readonly before: string
  /** What has changed since it was mounted. */
  readonly upper: string
}

export interface LayerTreesOptions {
  /** Existing directory on a filesystem that overlays can be made of. */
  readonly directory: string
  readonly marks: OverlayMarks
  /** Puts layers on what is in a root. */
  readonly unpack: (root: string, layers: readonly Layer[]) => Promise<void>
  /** The unpacked layers of images that are kept from build to build; undefined where none are. */
  readonly kept?: UnpackedTrees | undefined
}

/** Which of a stack's layers, from the lowest on, are likely to be wanted without the rest, too. */
export interface StackBeginnings {
  /** Those of the image or stage that it begins with. */
  readonly base: number
  /** Those of an image that other builds may begin with. */
  readonly image?: number
}

/** The unpacked layers of a build, each once: roots that begin alike share what they have in common. */
export class LayerTrees {
  readonly marks: OverlayMarks
  readonly #directory: string
  readonly #unpack: LayerTreesOptions['unpack']
  readonly #kept: UnpackedTrees | undefined
  readonly #stacks = new Map<string, Promise<LayerStack>>()
  readonly #mounted = new Set<string>()
  #count = 0

  constructor({ directory, marks, unpack, kept }: LayerTreesOptions) {
    this.#directory = directory
    this.marks = marks
    this.#unpack = unpack
    this.#kept = kept
  }

  /** The unpacked form of these layers. */
  stack(layers: readonly Layer[], begin: StackBeginnings): Promise<LayerStack> {
    const known = this.#stacks.get(nameOf(layers))
    if (known !== undefined) return known
    const made = this.#make(layers, begin)
    this.#stacks.set(nameOf(layers), made)
    // Whoever comes next may have more luck.
    made.catch(() => this.#stacks.delete(nameOf(layers)))
    return made
  }

  /** Says that a stack has become the unpacked form of these layers. */
  add(layers: readonly Layer[], stack: LayerStack): void {
    if (stack.length < mostLower) this.#stacks.set(nameOf(layers), Promise.resolve(stack))
  }

  /** Mounts a stack at an existing directory, with all that changes going elsewhere. */
  mount(target: string, stack: LayerStack): MountedRoot {
    const place = this.#newPlace(['upper', 'work', 'empty', 'before'])
    const [upper, empty] = [join(place, 'upper'), join(place, 'empty')]
    const lower = stack.length === 0 ? [empty] : stack
    copyDirectory(lower[0] ?? empty, upper)
    const before = lower.length === 1 ? (lower[0] ?? empty) : this.#mount(join(place, 'before'), { lower })
    this.#mount(target, { lower, upper: { directory: upper, work: join(place, 'work') } })
    return { before, upper }
  }

  /** Throws when somebody has taken away what roots lie on. */
  check(): void {
    this.#kept?.check()
  }

  unmount(target: string, { before }: Pick<MountedRoot, 'before'>): void {
    for (const mounted of [target, before]) if (this.#mounted.delete(mounted)) unmountOverlay(mounted)
  }

  /** Unmounts everything; the directory can be removed then. */
  [Symbol.dispose](): void {
    for (const mounted of this.#mounted) unmountOverlay(mounted)
    this.#mounted.clear()
  }

  async #make(layers: readonly Layer[], begin: StackBeginnings): Promise<LayerStack> {
    const kept = layers.length === begin.image ? await this.#keptFiles(layers) : undefined
    if (kept !== undefined) return [kept]
    const known = await this.#below(layers, begin)
    // Too high a stack is laid flat.
    const below = known.stack.length < mostLower - 1 ? known : { count: 0, stack: [] }
    const place = this.#newPlace(['files', 'view'])
    const [files, view] = [join(place, 'files'), join(place, 'view')]
    const missing = layers.slice(below.count)
    if (below.stack.length === 0) {
      await this.#unpack(files, missing)
      return [files]
    }
    mkdirSync(join(place, 'work'))
    copyDirectory(below.stack[0] ?? files, files)
    this.#mount(view, { lower: below.stack, upper: { directory: files, work: join(place, 'work') } })
    try {
      await this.#unpack(view, missing)
    } finally {
      this.unmount(view, { before: files })
    }
    return [files, ...below.stack]
  }

  /** The most that is known of these layers, or else what others will want, too. */
  async #below(layers: readonly Layer[], begin: StackBeginnings): Promise<{ count: number; stack: LayerStack }> {
    const wanted = this.#kept === undefined ? [begin.base] : [begin.base, begin.image]
    for (let count = layers.length - 1; count > 0; count -= 1) {
      if (!wanted.includes(count) && !this.#stacks.has(nameOf(layers.slice(0, count)))) continue
      return { count, stack: await this.stack(layers.slice(0, count), begin) }
    }
    return { count: 0, stack: [] }
  }

  async #keptFiles(layers: readonly Layer[]): Promise<string | undefined> {
    return this.#kept?.hold(
      layers.map(({ diffID }) => diffID),
      { unpack: (root) => this.#unpack(root, layers), isUsable: (directory) => this.#canLieBelow(directory) },
    )
  }

  /** Not every filesystem can be part of an overlay with every other. */
  #canLieBelow(directory: string): boolean {
    const place = this.#newPlace(['upper', 'work', 'view'])
    const view = join(place, 'view')
    try {
      this.#mount(view, { lower: [directory], upper: { directory: join(place, 'upper'), work: join(place, 'work') } })
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      return false
    }
    this.#mounted.delete(view)
    unmountOverlay(view)
    return true
  }

  #mount(target: string, overlay: Omit<Parameters<typeof mountOverlay>[1], 'marks'>): string {
    mountOverlay(target, { ...overlay, marks: this.marks })
    this.#mounted.add(target)
    return target
  }

  #newPlace(names: readonly string[]): string {
    this.#count += 1
    const place = join(this.#directory, String(this.#count))
    for (const name of names) mkdirSync(join(place, name), { recursive: true, mode: 0o755 })
    return place
  }
}

function nameOf(layers: readonly Layer[]): string {
  return chainID(layers.map(({ diffID }) => diffID)) ?? ''
}

/** Gives an empty directory what another one has, its files aside: the topmost directory is what an overlay shows. */
function copyDirectory(from: string, to: string): void {
  const path = rawPath('')
  const record = recordOf(from, path)
  if (record === undefined) throw new TypeError(`${from} is not there`)
  setMetadata(Buffer.from(to), { ...record, xattrs: readXattrs(from, path) })
}
