import { digestOf } from '../oci/digest.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import { readXattrs } from '../rootfs/metadata.ts'
import type { FileRecord } from '../rootfs/record.ts'
import { onlyTouched, type TouchedFile } from '../rootfs/touched-file.ts'
import { baseName, joinRaw, type RawPath } from '../tar/raw-path.ts'
import { FileTable } from './file-table.ts'
import type { Changes } from './snapshotter.ts'

/** A directory whose files are being compared. */
interface OpenDirectory {
  readonly path: RawPath
  /** Its row in the new table. */
  readonly row: number
  /** Rows of what was in the directory and the walk has not come to yet, up to `end`; none if it was no directory. */
  next: number
  readonly end: number
}

export interface ComparisonOptions {
  readonly root: string
  /** An empty table stands for no walk before: then nothing counts as changed. */
  readonly before: FileTable
  readonly ignored?: IgnoredPaths | undefined
  readonly touched?: readonly TouchedFile[] | undefined
}

/**
 * Compares a walk through a root with the table of the walk before, and makes the table for the walk after. Both walks
 * have the same order, so they are merged: nothing is looked up.
 *
 * A file counts as changed when anything lstat says differs, the number of its links and the time of its last reading
 * aside. Its ctime alone is enough: content can be rewritten and mtime set back, but ctime always moves on (unless it is
 * known to have moved for nothing). It moves for every name of an inode, so that a new name brings the others along, and the group stays together in the layer.
 *
 * Of a directory, ctime and inode prove nothing: a mount point made in it and removed again moves its ctime. It has
 * changed when type, mode, owner or mtime differ, or its extended attributes. What is in it is compared file by file,
 * also when it was removed and made again. What was in a directory that is none any more is not told on its own:
 * whatever took its place hides it.
 *
 * The walk does not come to ignored paths. What is known of them is kept as it was.
 */
export class Comparison {
  readonly table = new FileTable()
  readonly #root: string
  readonly #before: FileTable
  readonly #ignored: IgnoredPaths | undefined
  readonly #touched: readonly TouchedFile[]
  readonly #changed: FileRecord[] = []
  readonly #removed: RawPath[] = []
  readonly #open: OpenDirectory[] = []

  constructor({ root, before, ignored, touched = [] }: ComparisonOptions) {
    this.#root = root
    this.#before = before
    this.#ignored = ignored
    this.#touched = touched
  }

  /** Takes the next file of the walk: parents first, siblings in byte order, the root before all. */
  see(record: FileRecord): void {
    const depth = depthOf(record.path)
    while (this.#open.length > depth) this.#leave()
    const old = this.#find(record)
    const row = this.table.append(record)
    const changed =
      record.type === 'directory'
        ? this.#seeDirectory(record, row, old)
        : old === undefined || this.#isChanged(record, old)
    if (changed && this.#before.size > 0) this.#changed.push(record)
  }

  /** What has changed; the walk is over. */
  finish(): Changes {
    while (this.#open.length > 0) this.#leave()
    return { changed: this.#changed, removed: this.#removed }
  }

  #isChanged(record: FileRecord, old: number): boolean {
    const difference = this.#before.compare(old, record)
    if (difference !== 'touched') return difference !== 'none'
    return !onlyTouched(this.#touched, this.#before.ctimeNs(old), record)
  }

  #seeDirectory(record: FileRecord, row: number, old: number | undefined): boolean {
    const before = this.#before
    const isKnown = old !== undefined
    this.#open.push({ path: record.path, row, ...(isKnown ? { next: old + 1, end: before.end(old) } : nothing) })
    const difference = isKnown ? before.compare(old, record) : 'visible'
    const xattrsBefore = isKnown ? before.xattrs(old) : ''
    const xattrs = difference === 'none' ? xattrsBefore : xattrsDigest(this.#root, record.path)
    this.table.setXattrs(row, xattrs)
    return difference === 'visible' || xattrs !== xattrsBefore
  }

  /** The old row of the same path. Rows it passes on the way there are those of files that are gone. */
  #find(record: FileRecord): number | undefined {
    const directory = this.#open.at(-1)
    if (directory === undefined) return this.#before.size > 0 ? 0 : undefined
    const name = baseName(record.path)
    while (directory.next < directory.end) {
      const row = directory.next
      const other = this.#before.name(row)
      if (other > name) return undefined
      directory.next = this.#before.end(row)
      if (other === name) return row
      this.#pass(directory, row)
    }
    return undefined
  }

  #leave(): void {
    const directory = this.#open.pop()
    if (directory === undefined) return
    for (let row = directory.next; row < directory.end; row = this.#before.end(row)) this.#pass(directory, row)
    this.table.close(directory.row)
  }

  /** Takes a row that the walk has not come to: the file is gone, unless it is ignored now. */
  #pass(directory: OpenDirectory, row: number): void {
    const path = joinRaw(directory.path, this.#before.name(row))
    if (this.#ignored?.covers(path) === true) this.table.appendFrom(this.#before, row)
    else this.#removed.push(path)
  }
}

/** No rows. */
const nothing = { next: 0, end: 0 }

function depthOf(path: RawPath): number {
  if (path === '') return 0
  let depth = 1
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) depth += 1
  return depth
}

/** '' for a directory without extended attributes, as nearly all are. */
function xattrsDigest(root: string, path: RawPath): string {
  const xattrs = [...readXattrs(root, path)]
  if (xattrs.length === 0) return ''
  const values = xattrs.map(([name, value]) => [name, Buffer.from(value).toString('hex')])
  return digestOf(JSON.stringify(values.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))))
}
