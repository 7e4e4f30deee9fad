import { writeFileAtomically } from '../src/content/atomic-file.ts'
import { HearthError } from '../src/errors.ts'
import { asRecord, parseJson } from '../src/oci/descriptor.ts'
import { type DiffID, digestOf, parseDiffID } from '../src/oci/digest.ts'
import type { TreeSeal } from '../src/rootfs/tree-seal.ts'
import { maxEntrySize, readSmallFile } from './entry-file.ts'
import { canonicalJson } from './key.ts'

/** What is kept beside an unpacked tree once it is whole. */
export interface SealFile extends TreeSeal {
  readonly layers: readonly DiffID[]
  readonly created: Date
  /** Owner and group of the topmost directory, as its maker saw them: others may see other ids. */
  readonly top: readonly [uid: number, gid: number]
  /** Its maker could make devices, too. */
  readonly devices: boolean
}

export const sealName = 'seal.json'

export async function writeSealFile(path: string, seal: SealFile): Promise<void> {
  await writeFileAtomically(path, sealBytes(seal))
}

/** Undefined when there is none; throws a HearthError when it is damaged. */
export async function readSealFile(path: string): Promise<SealFile | undefined> {
  const bytes = await readSmallFile(path, maxEntrySize)
  if (bytes === undefined) return undefined
  const o = asRecord(parseJson(bytes, 'seal'), 'seal')
  const { layers, created, digest, files, size, uids, gids, top, devices } = o
  const isWhole = Array.isArray(layers) && Array.isArray(uids) && Array.isArray(gids) && typeof files === 'number'
  if (!isWhole || typeof size !== 'number' || !Array.isArray(top)) throw damaged(path, 'a field is missing')
  const time = new Date(String(created))
  if (Number.isNaN(time.getTime())) throw damaged(path, 'its time is not valid')
  const seal = {
    layers: layers.map((layer: unknown) => parseDiffID(String(layer))),
    created: time,
    top: [Number(top[0]), Number(top[1])] as const,
    devices: devices === true,
    digest: String(digest),
    files,
    size,
    uids: uids.map(Number),
    gids: gids.map(Number),
  }
  if (!Buffer.from(sealBytes(seal)).equals(bytes)) throw damaged(path, 'its checksum does not fit')
  return seal
}

function sealBytes({ layers, created, top, devices, digest, files, size, uids, gids }: SealFile): Uint8Array {
  const owners = { top, uids, gids }
  const content = { version: 1, layers, created: created.toISOString(), devices, digest, files, size, ...owners }
  return new TextEncoder().encode(canonicalJson({ ...content, checksum: digestOf(canonicalJson(content)) }))
}

function damaged(path: string, why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: 'An unpacked base is damaged', where: path, why })
}
