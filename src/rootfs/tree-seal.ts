import { createHash, type Hash } from 'node:crypto'
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What tells that no file of a directory has changed: everything lstat says, but for times of access. */
export interface TreeSeal {
  /** "sha256:<hex>" over all files with their inodes and times of change. */
  readonly digest: string
  /** Files, directories included. */
  readonly files: number
  /** Bytes on the disk. */
  readonly size: number
  /** The owners there are, in ascending order. */
  readonly uids: readonly number[]
  readonly gids: readonly number[]
}

const turnMs = 8

/**
 * Looks at every file of a directory, and reads none. The kernel sets a file's time of change, and nobody else can: a seal
 * that is still the same says that contents are, too, unless somebody could set the clock or write to the disk below the
 * filesystem. A copy of the directory has another seal. Throws what the system says when a file cannot be looked at.
 */
export async function sealOf(directory: string): Promise<TreeSeal> {
  const sealing = new Sealing()
  let turn = performance.now()
  const waiting: Buffer[] = [Buffer.from(directory)]
  sealing.take('', lstatSync(directory, { bigint: true }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const name of readdirSync(next, { encoding: 'buffer' }).sort(Buffer.compare)) {
      const path = Buffer.concat([next, separator, name])
      const stat = lstatSync(path, { bigint: true })
      sealing.take(path.toString('latin1', directory.length), stat)
      if (stat.isDirectory()) waiting.push(path)
      if (performance.now() - turn < turnMs) continue
      await nextTurn()
      turn = performance.now()
    }
  }
  return sealing.end()
}

const separator = Buffer.from('/')

class Sealing {
  readonly #hash: Hash = createHash('sha256')
  readonly #uids = new Set<number>()
  readonly #gids = new Set<number>()
  #files = 0
  #size = 0n

  take(path: string, stat: BigIntStats): void {
    const { mode, uid, gid, mtimeNs, ctimeNs, ino, rdev } = stat
    // The sizes of directories are the filesystem's affair.
    const size = stat.isDirectory() ? 0n : stat.size
    const links = stat.isDirectory() ? 0n : stat.nlink
    const known = [mode, uid, gid, size, links, mtimeNs, ctimeNs, ino, rdev].join(' ')
    this.#hash.update(`${path.length} ${path} ${known}\n`, 'latin1')
    this.#uids.add(Number(uid))
    this.#gids.add(Number(gid))
    this.#files += 1
    this.#size += stat.nlink > 1n && !stat.isDirectory() ? (512n * stat.blocks) / stat.nlink : 512n * stat.blocks
  }

  end(): TreeSeal {
    return {
      digest: `sha256:${this.#hash.digest('hex')}`,
      files: this.#files,
      size: Number(this.#size),
      uids: ascending(this.#uids),
      gids: ascending(this.#gids),
    }
  }
}

function ascending(ids: ReadonlySet<number>): readonly number[] {
  return [...ids].sort((a, b) => a - b)
}
