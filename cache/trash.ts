import { readdirSync, renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../src/errors.ts'
import { type Digest, isDigest, splitDigest } from '../src/oci/digest.ts'

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
  try {
    const names = readdirSync(join(directory, 'trash'))
    return names.map((name) => name.replace('-', ':')).filter(isDigest)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
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
