import { createHash, type Hash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { type Layer, openLayerTar, type ReadOptions } from '../image/layer.ts'
import { deviceOf } from '../rootfs/copy-node.ts'
import { readXattrs } from '../rootfs/metadata.ts'
import type { FileRecord } from '../rootfs/record.ts'
import type { TarEntry } from '../tar/entry.ts'
import { onDisk, type RawPath } from '../tar/raw-path.ts'
import { readTar } from '../tar/read.ts'
import type { TarSink } from '../tar/sink.ts'
import { fileContent } from './file-content.ts'
import { sameXattrs } from './same-file.ts'
import type { Changes } from './snapshotter.ts'

export interface TouchedOptions extends ReadOptions {
  readonly root: string
  /** What the root was made of before the changes, lowest first. */
  readonly layers: readonly Layer[]
}

/**
 * Leaves out of changes what was only touched: given the mode or owner it had, or exchanged for its like. The layers that
 * the root was made of tell, and are read only if there is such a file. A file stays in when one with the same inode
 * has changed, and when the layers do not say clearly what it was.
 */
export async function withoutTouched(changes: Changes, options: TouchedOptions): Promise<Changes> {
  const { touched } = changes
  if (touched === undefined || touched.size === 0) return changes
  const inodes = new Set<string>()
  for (const record of changes.changed) if (!touched.has(record.path)) inodes.add(inodeOf(record))
  const alone = changes.changed.filter((record) => touched.has(record.path) && !inodes.has(inodeOf(record)))
  const same = await sameAsInLayers(new Map(alone.map((record) => [record.path, record])), options)
  // All names of a file, or none of them.
  const differing = new Set(alone.filter(({ path }) => !same.has(path)).map(inodeOf))
  const unchanged = new Set(alone.filter((record) => !differing.has(inodeOf(record))).map(({ path }) => path))
  return { changed: changes.changed.filter(({ path }) => !unchanged.has(path)), removed: changes.removed }
}

async function sameAsInLayers(
  wanted: Map<RawPath, FileRecord>,
  { root, layers, ...options }: TouchedOptions,
): Promise<ReadonlySet<RawPath>> {
  const same = new Set<RawPath>()
  for (const layer of layers.toReversed()) {
    if (wanted.size === 0) break
    const verdicts = new Verdicts(root, wanted)
    await readTar(openLayerTar(layer, options), verdicts, options)
    for (const [path, verdict] of verdicts.found) {
      wanted.delete(path)
      if (await verdict()) same.add(path)
    }
  }
  return same
}

/** Compares what a layer says about some files with how they are. The last word of a layer about a path counts. */
class Verdicts implements TarSink {
  readonly found = new Map<RawPath, () => Promise<boolean> | boolean>()
  readonly #root: string
  readonly #wanted: ReadonlyMap<RawPath, FileRecord>
  #digesting: { readonly record: FileRecord; readonly digest: Hash } | undefined

  constructor(root: string, wanted: ReadonlyMap<RawPath, FileRecord>) {
    this.#root = root
    this.#wanted = wanted
  }

  entry(entry: TarEntry): void {
    const record = this.#wanted.get(entry.path)
    if (record === undefined) return
    this.found.set(entry.path, () => false)
    if (entry.type !== record.type || !sameXattrs(entry.xattrs, readXattrs(this.#root, record.path))) return
    if (entry.type === 'file') this.#digesting = { record, digest: createHash('sha256') }
    else if (sameSpecial(this.#root, entry, record)) this.found.set(entry.path, () => true)
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.#digesting?.digest.update(chunk.subarray(start, end))
  }

  hole(): void {
    this.#digesting = undefined
  }

  fileEnd(): void {
    if (this.#digesting === undefined) return
    const { record, digest } = this.#digesting
    this.#digesting = undefined
    const before = digest.digest('hex')
    this.found.set(record.path, async () => (await contentDigest(this.#root, record)) === before)
  }
}

function sameSpecial(root: string, entry: TarEntry, { path, rdev }: FileRecord): boolean {
  if (entry.type === 'symlink') {
    return Buffer.compare(readlinkSync(onDisk(root, path), { encoding: 'buffer' }), entry.target) === 0
  }
  const { major, minor } = deviceOf(rdev)
  return entry.type === 'fifo' || ('major' in entry && entry.major === major && entry.minor === minor)
}

async function contentDigest(root: string, record: FileRecord): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of fileContent(root, record)) digest.update(chunk)
  return digest.digest('hex')
}

function inodeOf({ dev, ino }: FileRecord): string {
  return `${dev}:${ino}`
}
