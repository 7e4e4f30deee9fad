import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../src/errors.ts'
import { type Digest, isDigest } from '../src/oci/digest.ts'

/** A small file of a cache directory that says what blobs are for. */
export interface StoredDocument {
  readonly folder: 'entries' | 'refs'
  readonly path: string
  /** Its name without the ending: 64 hexadecimal digits. */
  readonly name: string
  readonly stat: Stats
}

const fileName = /^([0-9a-f]{64})\.json$/

/** The documents in entries/ or refs/; none when there is no such directory. */
export function documentsIn(directory: string, folder: StoredDocument['folder']): readonly StoredDocument[] {
  const found: StoredDocument[] = []
  for (const file of namesIn(join(directory, folder))) {
    const name = fileName.exec(file)?.[1]
    const path = join(directory, folder, file)
    const stat = name === undefined ? undefined : lstatSync(path, { throwIfNoEntry: false })
    if (name !== undefined && stat?.isFile() === true) found.push({ folder, path, name, stat })
  }
  return found
}

/** Changes when a document is written or used; two documents have different ones. */
export function identityOf({ ino, mtimeMs, size }: Stats): string {
  return `${ino} ${mtimeMs} ${size}`
}

/**
 * Every digest that stands in a document, whatever it means there: what another version has written, or what is damaged
 * in part, keeps its blobs.
 */
export function mentionedDigests(bytes: Uint8Array): readonly Digest[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return Array.from(text.matchAll(/sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g), ([digest]) => digest).filter(isDigest)
}

/** The names in a directory; none when it is missing. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}
