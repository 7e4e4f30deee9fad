import { readlinkSync } from 'node:fs'
import { type Layer, openLayerTar, type ReadOptions } from '../image/layer.ts'
import { deviceOf } from '../rootfs/copy-node.ts'
import { readXattrs } from '../rootfs/metadata.ts'
import { type FileRecord, inodeOf } from '../rootfs/record.ts'
import { DigestingStream, digestOfContent } from '../stream/digesting.ts'
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
  const same = await sameAsInLayers(alone, options)
  // All names of a file, or none of them.
  const differing = new Set(alone.filter(({ path }) => !same.has(path)).map(inodeOf))
  const unchanged = new Set(alone.filter((record) => !differing.has(inodeOf(record))).map(({ path }) => path))
  return { changed: changes.changed.filter(({ path }) => !unchanged.has(path)), removed: changes.removed }
}

/** Files by the path that a layer may have them at. */
type Wanted = Map<RawPath, readonly FileRecord[]>

async function sameAsInLayers(
  files: readonly FileRecord[],
  { root, layers, ...options }: TouchedOptions,
): Promise<ReadonlySet<RawPath>> {
  const same = new Set<RawPath>()
  const wanted: Wanted = new Map(files.map((record) => [record.path, [record]]))
  const left = layers.slice()
  // No layer leads round in circles.
  const followed = new Set<RawPath>()
  for (let layer = left.pop(); layer !== undefined && wanted.size > 0; ) {
    const verdicts = new Verdicts(root, wanted)
    await readTar(openLayerTar(layer, options), verdicts, options)
    for (const [path, verdict] of verdicts.found) {
      for (const record of wanted.get(path) ?? []) if (await verdict(record)) same.add(record.path)
      wanted.delete(path)
    }
    for (const [path, target] of verdicts.links) {
      if (!followed.has(target)) wanted.set(target, [...(wanted.get(target) ?? []), ...(wanted.get(path) ?? [])])
      followed.add(target)
      wanted.delete(path)
    }
    // What is linked to usually is in the same layer.
    if (verdicts.links.size === 0) layer = left.pop()
  }
  return same
}

type Verdict = (record: FileRecord) => Promise<boolean> | boolean

/** Compares what a layer says about some files with how they are. The last word of a layer about a path counts. */
class Verdicts implements TarSink {
  readonly found = new Map<RawPath, Verdict>()
  /** Wanted paths that are further names of others. */
  readonly links = new Map<RawPath, RawPath>()
  readonly #root: string
  readonly #wanted: ReadonlyMap<RawPath, unknown>
  #digesting: { readonly entry: TarEntry; readonly digest: DigestingStream } | undefined

  constructor(root: string, wanted: Wanted) {
    this.#root = root
    this.#wanted = wanted
  }

  entry(entry: TarEntry): void {
    if (!this.#wanted.has(entry.path)) return
    this.links.delete(entry.path)
    this.found.delete(entry.path)
    if (entry.type === 'file') this.#digesting = { entry, digest: new DigestingStream() }
    else if (entry.type === 'hardlink') this.links.set(entry.path, entry.target)
    else this.found.set(entry.path, (record) => this.#hasSame(entry, record) && sameSpecial(this.#root, entry, record))
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.#digesting?.digest.update(chunk.subarray(start, end))
  }

  hole(size: number): void {
    if (this.#digesting === undefined) return
    for (let left = size; left > 0; left -= zeros.byteLength) {
      this.#digesting.digest.update(left < zeros.byteLength ? zeros.subarray(0, left) : zeros)
    }
  }

  fileEnd(): void {
    if (this.#digesting === undefined) return
    const { entry, digest } = this.#digesting
    this.#digesting = undefined
    const before = digest.digest()
    this.found.set(entry.path, async (record) => {
      return this.#hasSame(entry, record) && (await digestOfContent(fileContent(this.#root, record))) === before
    })
  }

  #hasSame({ type, xattrs }: TarEntry, record: FileRecord): boolean {
    return type === record.type && sameXattrs(xattrs, readXattrs(this.#root, record.path))
  }
}

const zeros = Buffer.alloc(1 << 16)

function sameSpecial(root: string, entry: TarEntry, { path, rdev }: FileRecord): boolean {
  if (entry.type === 'symlink') {
    return Buffer.compare(readlinkSync(onDisk(root, path), { encoding: 'buffer' }), entry.target) === 0
  }
  const { major, minor } = deviceOf(rdev)
  return entry.type === 'fifo' || ('major' in entry && entry.major === major && entry.minor === minor)
}
