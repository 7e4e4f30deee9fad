import { mkdir } from 'node:fs/promises'
import { type DigestedSources, digestSources } from '../context/source-digest.ts'
import type { Log } from '../log.ts'
import { copyWhole } from '../rootfs/copy-whole.ts'
import { onMachine } from '../rootfs/root.ts'
import type { SelectedSource } from '../rootfs/selected-source.ts'

export interface TreeOptions {
  readonly log: Log
  readonly signal?: AbortSignal
}

/**
 * What commands find mounted of the build context, without what its ignore file names, and root's, as COPY has it. Each
 * source is read once, and copied once, only to be read.
 */
export class ContextTrees {
  readonly #directory: string
  readonly #made = new Map<string, Promise<string>>()
  readonly #digested = new Map<string, Promise<DigestedSources>>()

  /** `directory` is made when the first copy is. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** What of the source decides about a layer. */
  digest(source: SelectedSource, options: Pick<TreeOptions, 'signal'>): Promise<DigestedSources> {
    const known = this.#digested.get(nameOf(source))
    if (known !== undefined) return known
    const digested = digestSources([source], { ...options, owners: false })
    this.#digested.set(nameOf(source), digested)
    return digested
  }

  /** The path of the copy. */
  path(source: SelectedSource, options: TreeOptions): Promise<string> {
    const known = this.#made.get(nameOf(source))
    if (known !== undefined) return known
    const made = copyTo(`${this.#directory}/${this.#made.size}`, source, { ...options, keepOwner: false })
    this.#made.set(nameOf(source), made)
    return made
  }
}

function nameOf({ root, path }: SelectedSource): string {
  return JSON.stringify([onMachine(root), path])
}

/** Copies a file or directory into a new directory; gives the path of the copy, which has a name of its own. */
export async function copyTo(
  directory: string,
  source: SelectedSource,
  options: TreeOptions & { readonly keepOwner: boolean },
): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o755 })
  await copyWhole(source, { root: directory, at: '/files', ...options })
  return `${directory}/files`
}
