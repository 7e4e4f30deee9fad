import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { CacheItem } from './cache-item.ts'
import { allocatedBelow, ifSeen } from './disk-usage.ts'
import { namesIn } from './documents.ts'
import { mountIdOf, mountUseOf } from './mount-about.ts'
import { removeMount } from './mount-removal.ts'

const placePattern = /^[0-9a-f]{64}$/

/** The cache mounts that a cache directory keeps, each with all directories of private users. */
export async function listMounts(cacheDirectory: string): Promise<readonly CacheItem[]> {
  const items: CacheItem[] = []
  for (const place of placesIn(cacheDirectory)) {
    const item = await itemOf(cacheDirectory, place)
    if (item !== undefined) items.push(item)
  }
  return items
}

/** When any cache mount was used last, in ms; 0 where there is none. */
export function lastMountUse(cacheDirectory: string): number {
  return placesIn(cacheDirectory).reduce((last, { path }) => Math.max(last, mountUseOf(path)?.getTime() ?? 0), 0)
}

interface Place {
  readonly name: string
  readonly path: string
}

function placesIn(cacheDirectory: string): readonly Place[] {
  const names = namesIn(join(cacheDirectory, 'mounts')).filter((name) => placePattern.test(name))
  return names.map((name) => ({ name, path: join(cacheDirectory, 'mounts', name) }))
}

async function itemOf(cacheDirectory: string, { name, path }: Place): Promise<CacheItem | undefined> {
  const stat = statOf(path)
  if (stat?.isDirectory() !== true) return undefined
  const used = mountUseOf(path) ?? stat.mtime
  // That of a slot's directory: nothing in it changes once it is there.
  const slots = (ifSeen(() => namesIn(path)) ?? []).filter((slot) => /^\d+$/.test(slot))
  const made = slots.flatMap((slot) => statOf(join(path, slot)) ?? [])
  return {
    kind: 'mount',
    name,
    title: (await mountIdOf(path)) ?? name,
    created: new Date(Math.min(Number(used), ...made.map(({ mtimeMs }) => mtimeMs))),
    lastUsed: used,
    hits: undefined,
    blobs: [],
    size: await allocatedBelow(path),
    remove: () => removeMount(cacheDirectory, path),
  }
}

function statOf(path: string): Stats | undefined {
  return ifSeen(() => lstatSync(path))
}
