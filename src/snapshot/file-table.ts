import type { FileRecord, FileType } from '../rootfs/record.ts'
import { baseName, type RawPath } from '../tar/raw-path.ts'

/**
 * How a file compares with a row. Of "touched" and "inode" a user sees no difference, but the inode was touched (its ctime)
 * or is another one.
 */
export type Difference = 'none' | 'touched' | 'inode' | 'visible'

const types: readonly FileType[] = ['file', 'directory', 'symlink', 'character', 'block', 'fifo', 'socket']

/** Columns of a row that are exact as doubles: type and mode, uid, gid, size. */
const smallColumns = 4
/** Columns of 64 bits: mtime, rdev, and of the inode itself number, device, ctime. */
const wideColumns = 5
const visibleWideColumns = 2
const ctimeColumn = 4

/**
 * Every file of a root at one moment, packed for millions of them (about 120 bytes each). Rows stand in the order of
 * the walk: parents first, siblings in byte order. A directory's row tells where the rows below it end.
 */
export class FileTable {
  readonly #names: RawPath[] = []
  #ends = new Uint32Array(1024)
  #small = new Float64Array(1024 * smallColumns)
  #wide = new BigUint64Array(1024 * wideColumns)
  readonly #xattrs = new Map<number, string>()

  get size(): number {
    return this.#names.length
  }

  /** Adds a row at the end; that of a directory is to be closed once everything below it is there. */
  append(record: FileRecord): number {
    const row = this.#names.push(baseName(record.path)) - 1
    if (row >= this.#ends.length) this.#grow()
    this.#small.set(smallOf(record), row * smallColumns)
    this.#wide.set(wideOf(record), row * wideColumns)
    this.#ends[row] = row + 1
    return row
  }

  /** Adds a row of another table, and all below it. */
  appendFrom(other: FileTable, first: number): void {
    const shift = this.size - first
    for (let from = first; from < other.end(first); from++) {
      const row = this.#names.push(other.name(from)) - 1
      if (row >= this.#ends.length) this.#grow()
      this.#small.set(other.#small.subarray(from * smallColumns, (from + 1) * smallColumns), row * smallColumns)
      this.#wide.set(other.#wide.subarray(from * wideColumns, (from + 1) * wideColumns), row * wideColumns)
      this.#ends[row] = other.end(from) + shift
      this.setXattrs(row, other.xattrs(from))
    }
  }

  close(directory: number): void {
    this.#ends[directory] = this.size
  }

  name(row: number): RawPath {
    const name = this.#names[row]
    if (name === undefined) throw new RangeError(`no row ${row}`)
    return name
  }

  /** The row after everything that lies below this one: the next sibling, or the end of the parent. */
  end(row: number): number {
    return this.#ends[row] ?? row + 1
  }

  compare(row: number, record: FileRecord): Difference {
    const smalls = smallOf(record)
    for (let i = 0; i < smallColumns; i++) if (this.#small[row * smallColumns + i] !== smalls[i]) return 'visible'
    const wides = wideOf(record)
    for (let i = 0; i < wideColumns; i++) {
      const same = this.#wide[row * wideColumns + i] === BigInt.asUintN(64, wides[i] ?? 0n)
      if (!same) return i < visibleWideColumns ? 'visible' : i === ctimeColumn ? 'touched' : 'inode'
    }
    return 'none'
  }

  ctimeNs(row: number): bigint {
    return BigInt.asIntN(64, this.#wide[row * wideColumns + ctimeColumn] ?? 0n)
  }

  /** Digest of a directory's extended attributes; '' when it has none. */
  xattrs(row: number): string {
    return this.#xattrs.get(row) ?? ''
  }

  setXattrs(row: number, digest: string): void {
    if (digest !== '') this.#xattrs.set(row, digest)
  }

  #grow(): void {
    const capacity = this.#ends.length * 2
    const [ends, small, wide] = [this.#ends, this.#small, this.#wide]
    this.#ends = new Uint32Array(capacity)
    this.#small = new Float64Array(capacity * smallColumns)
    this.#wide = new BigUint64Array(capacity * wideColumns)
    this.#ends.set(ends)
    this.#small.set(small)
    this.#wide.set(wide)
  }
}

/** A directory's size says how it is stored, not what is in it. */
function smallOf({ type, mode, uid, gid, size }: FileRecord): readonly number[] {
  return [types.indexOf(type) * 0o10000 + mode, uid, gid, type === 'directory' ? 0 : size]
}

function wideOf({ mtimeNs, rdev, ctimeNs, ino, dev }: FileRecord): readonly bigint[] {
  return [mtimeNs, rdev, ino, dev, ctimeNs]
}
