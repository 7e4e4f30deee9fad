import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, renameSync, rmdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { diskError } from '../src/content/disk-error.ts'
import { holdFileLock } from '../src/content/file-lock.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { reapTemporaries } from '../src/content/temporary.ts'
import { systemCode } from '../src/errors.ts'
import { type ChainID, shortDigest } from '../src/oci/digest.ts'
import { removeTree } from '../src/rootfs/remove.ts'
import type { CacheItem } from './cache-item.ts'
import { tableName } from './file-tables.ts'
import { readSealFile, type SealFile, sealName } from './tree-seal-file.ts'
import { removeDeadUses, usersOf } from './tree-uses.ts'
import { chainOfPlace, unpackedName, usedName } from './unpacked-place.ts'
import { makingName, treePattern, treesIn } from './unpacked-trees.ts'

/** What a cache directory keeps of the files of bases: tables, and unpacked trees. */
export async function listUnpacked(cacheDirectory: string): Promise<readonly CacheItem[]> {
  const items: CacheItem[] = []
  for (const name of namesIn(join(cacheDirectory, unpackedName))) {
    const chain = chainOfPlace(name)
    const item = chain === undefined ? undefined : await itemOf(cacheDirectory, { chain, name })
    if (item !== undefined) items.push(item)
  }
  return items
}

interface Kept {
  readonly chain: ChainID
  readonly name: string
}

/** Undefined for what killed processes have left of a place, which goes when somebody uses or removes it. */
async function itemOf(cacheDirectory: string, { chain, name }: Kept): Promise<CacheItem | undefined> {
  const path = join(cacheDirectory, unpackedName, name)
  const table = statOf(join(path, tableName))
  const trees = treesIn({ path })
  if (table === undefined && trees.length === 0) return undefined
  const seals = await Promise.all(trees.map((tree) => sealIn(join(path, tree))))
  const sealed = seals.filter((seal) => seal !== undefined)
  const made = [...(table === undefined ? [] : [table.mtime]), ...sealed.map((seal) => seal.created)]
  const created = new Date(Math.min(...(made.length === 0 ? [lstatSync(path).mtime] : made).map(Number)))
  return {
    kind: 'unpacked',
    name: chain,
    title: titleOf(chain, { hasTable: table !== undefined, trees: seals.length }),
    created,
    lastUsed: statOf(join(path, usedName))?.mtime ?? created,
    hits: undefined,
    blobs: [],
    size: sealed.reduce((sum, { size }) => sum + size, table?.size ?? 0),
    remove: () => remove(cacheDirectory, path),
  }
}

function titleOf(chain: ChainID, { hasTable, trees }: { hasTable: boolean; trees: number }): string {
  const files = trees === 0 ? [] : [trees === 1 ? 'unpacked files' : `unpacked files (${trees} times)`]
  const what = [...(hasTable ? ['file table'] : []), ...files]
  return `${what.join(' and ')} of base ${shortDigest(chain)}`
}

async function sealIn(tree: string): Promise<SealFile | undefined> {
  return readSealFile(join(tree, sealName)).catch(() => undefined)
}

/**
 * Takes away everything in a place, but not from under somebody who uses it: users say so before they look, and what
 * was moved away is moved back when one has come meanwhile.
 */
async function remove(cacheDirectory: string, path: string): Promise<boolean> {
  if (statOf(path) === undefined) return true
  try {
    const lock = await holdFileLock(join(path, makingName), { patienceMs: 0 })
    if (lock === undefined) return false
    try {
      if (!(await clear(cacheDirectory, path))) return false
    } finally {
      await lock.release()
    }
    removeDeadUses(path)
    reapTemporaries(path)
    rmdirSync(path)
    return true
  } catch (error) {
    // Gone already, or used again.
    if (['ENOENT', 'ENOTEMPTY'].includes(systemCode(error) ?? '')) return true
    throw diskError(error, path)
  }
}

async function clear(cacheDirectory: string, path: string): Promise<boolean> {
  if (usersOf(path) > 0) return false
  const name = `unpacked-${randomBytes(8).toString('hex')}`
  makeDirectoryIn(cacheDirectory, 'trash', name)
  const trash = join(cacheDirectory, 'trash', name)
  const moved: string[] = []
  let isUsed = true
  try {
    for (const kept of namesIn(path).filter(isKept)) {
      renameSync(join(path, kept), join(trash, kept))
      moved.push(kept)
    }
    isUsed = usersOf(path) > 0
  } finally {
    if (isUsed) for (const kept of moved) renameSync(join(trash, kept), join(path, kept))
    await removeTree(trash)
  }
  return !isUsed
}

function isKept(name: string): boolean {
  return treePattern.test(name) || name === tableName || name === usedName
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return []
    throw error
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}
