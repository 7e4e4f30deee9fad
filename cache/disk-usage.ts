import { lstatSync, readdirSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { systemCode } from '../src/errors.ts'
import type { Digest } from '../src/oci/digest.ts'
import { inTurns } from '../src/rootfs/turns.ts'
import type { CacheItemKind } from './cache-item.ts'
import type { Inventory } from './inventory.ts'

/** What the items of one kind take, in bytes. */
export interface KindUsage {
  readonly kind: CacheItemKind
  readonly count: number
  /** Files of the items, and blobs that only this kind keeps, each counted once. */
  readonly own: number
  /** Blobs that another kind keeps, too. */
  readonly shared: number
}

export interface DiskUsage {
  readonly kinds: readonly KindUsage[]
  /** Blobs that no item keeps. */
  readonly unreferenced: { readonly count: number; readonly size: number }
}

export const cacheItemKinds: readonly CacheItemKind[] = ['layer', 'image', 'mount', 'unpacked']

/** Adds up what a cache directory keeps. */
export function usageOf({ items, blobs }: Inventory): DiskUsage {
  const keepers = new Map<Digest, Set<CacheItemKind>>()
  for (const item of items) {
    for (const { digest } of item.blobs) keepers.set(digest, (keepers.get(digest) ?? new Set()).add(item.kind))
  }
  const all = [...blobs.values()]
  const sizeOf = (isWanted: (kinds: ReadonlySet<CacheItemKind>) => boolean): number => {
    return sum(all.filter(({ digest }) => isWanted(keepers.get(digest) ?? new Set())))
  }
  const kinds = cacheItemKinds.map((kind) => {
    const these = items.filter((item) => item.kind === kind)
    const own = sum(these) + sizeOf((kept) => kept.size === 1 && kept.has(kind))
    return { kind, count: these.length, own, shared: sizeOf((kept) => kept.size > 1 && kept.has(kind)) }
  })
  const unreferenced = all.filter(({ digest }) => !keepers.has(digest))
  return { kinds, unreferenced: { count: unreferenced.length, size: sum(unreferenced) } }
}

function sum(things: readonly { readonly size: number }[]): number {
  return things.reduce((total, { size }) => total + size, 0)
}

/**
 * What a directory and all below it take on the disk, in bytes, as du counts it; not what is mounted there, nor what is in
 * directories that are closed to this user.
 */
export async function allocatedBelow(directory: string): Promise<number> {
  const dev = ifSeen(() => lstatSync(directory))?.dev
  const counted = new Set<number>()
  let total = 0
  await inTurns(count(Buffer.from(directory)))
  return total

  function* count(path: Buffer): Generator<void> {
    const stat = ifSeen(() => lstatSync(path))
    if (stat === undefined || stat.dev !== dev) return
    if (stat.nlink > 1 && !stat.isDirectory()) {
      if (counted.has(stat.ino)) return
      counted.add(stat.ino)
    }
    total += stat.blocks * 512
    yield
    if (!stat.isDirectory()) return
    // Names in a cache mount need not be UTF-8.
    for (const name of ifSeen(() => readdirSync(path, { encoding: 'buffer' })) ?? []) {
      yield* count(Buffer.concat([path, Buffer.from('/'), name]))
    }
  }
}

/** Bytes that the filesystem of a directory has for ordinary users. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

/** Undefined for what is gone, or closed to this user. */
export function ifSeen<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}
