import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../src/errors.ts'
import { sealOf } from '../src/rootfs/tree-seal.ts'
import { tableName } from './file-tables.ts'
import { withTableFile } from './table-file.ts'
import { readSealFile, sealName } from './tree-seal-file.ts'
import { chainOfPlace, unpackedName, unpackedPlace } from './unpacked-place.ts'
import { filesName, treesIn } from './unpacked-trees.ts'

/** Something that is kept of a base and is not what it was. */
export interface DamagedBase {
  /** The table, or the tree with its seal. */
  readonly path: string
  readonly error: unknown
}

/**
 * Reads every file table and looks at every file of the sealed trees of a cache directory; tells what is damaged. Trees
 * that are being unpacked are left out. Nothing is changed: what is damaged is not used, and is made anew when it is wanted.
 */
export async function verifyUnpacked(cacheDirectory: string): Promise<readonly DamagedBase[]> {
  const damaged: DamagedBase[] = []
  for (const name of placesIn(cacheDirectory)) {
    const place = join(cacheDirectory, unpackedName, name)
    const checks = [{ path: join(place, tableName), check: checkTable }]
    for (const tree of treesIn({ path: place })) checks.push({ path: join(place, tree), check: checkTree })
    for (const { path, check } of checks) {
      try {
        await check(path, (layers) => unpackedPlace(cacheDirectory, layers)?.name === name)
      } catch (error) {
        damaged.push({ path, error })
      }
    }
  }
  return damaged
}

type BelongsHere = (layers: Parameters<typeof unpackedPlace>[1]) => boolean

async function checkTable(path: string, belongsHere: BelongsHere): Promise<void> {
  await withTableFile(path, async ({ layers, frames }) => {
    for await (const _ of frames);
    if (!belongsHere(layers)) throw new Error('it is one of other layers')
  })
}

async function checkTree(path: string, belongsHere: BelongsHere): Promise<void> {
  const seal = await readSealFile(join(path, sealName))
  if (seal === undefined) return
  if (!belongsHere(seal.layers)) throw new Error('it is one of other layers')
  const { digest } = await sealOf(join(path, filesName))
  if (digest !== seal.digest) throw new Error('its files are not as they were when it was made')
}

function placesIn(cacheDirectory: string): readonly string[] {
  try {
    return readdirSync(join(cacheDirectory, unpackedName)).filter((name) => chainOfPlace(name) !== undefined)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return []
    throw error
  }
}
