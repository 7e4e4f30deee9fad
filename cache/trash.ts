import { lstatSync, renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../src/errors.ts'
import { type Digest, isDigest, splitDigest } from '../src/oci/digest.ts'
import { removeTree } from '../src/rootfs/remove.ts'
import { namesIn } from './documents.ts'

/** Puts a blob of a cache directory aside; false when it is not there. Needs no room on a full disk. */
export function moveToTrash(directory: string, digest: Digest): boolean {
  return moved(blobPath(directory, digest), trashPath(directory, digest))
}

/** Takes a blob back that was put aside and is not deleted yet; nothing happens when there is none. */
export function takeFromTrash(directory: string, digest: Digest): void {
  moved(trashPath(directory, digest), blobPath(directory, digest))
}

/** The blobs that are put aside. */
export function blobsInTrash(directory: string): readonly Digest[] {
  return namesIn(join(directory, 'trash'))
    .map((name) => name.replace('-', ':'))
    .filter(isDigest)
}

/** How old a tree is at least that nobody is removing any more, in ms. */
const abandonedMs = 3600_000

/** Removes what killed prunes have left of mounts and unpacked bases. Failure leaves it for the next prune. */
export async function removeAbandonedTrees(directory: string, now: number): Promise<void> {
  const trash = join(directory, 'trash')
  for (const name of namesIn(trash).filter((one) => /^(?:mount|unpacked)-[0-9a-f]+$/.test(one))) {
    const changed = lstatSync(join(trash, name), { throwIfNoEntry: false })?.mtimeMs ?? now
    if (now - changed > abandonedMs) await removeTree(join(trash, name)).catch(() => {})
  }
}

export function deleteFromTrash(directory: string, digest: Digest): void {
  try {
    unlinkSync(trashPath(directory, digest))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}

export function blobPath(directory: string, digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest)
  return join(directory, 'blobs', algorithm, hex)
}

function trashPath(directory: string, digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest)
  return join(directory, 'trash', `${algorithm}-${hex}`)
}
