import { join } from 'node:path'
import { digestOf } from '../src/oci/digest.ts'
import { compareRecords, type Told } from './compare-records.ts'
import { type Entry, readSmallFile } from './entry-file.ts'
import type { KeyInput } from './key.ts'

/** Larger lists of files are not read only to choose among entries; in bytes. */
const largestToChoose = 256 << 10

/** An entry with the list of its files, where that is kept, whole, and no larger than `maxSize` bytes. */
export async function withFiles(directory: string, entry: Entry, maxSize: number): Promise<Entry & Told> {
  const { inputs: digest } = entry.record
  if (digest === undefined) return entry
  try {
    const bytes = await readSmallFile(blobPath(directory, digest), maxSize)
    if (bytes === undefined || digestOf(bytes) !== digest) return entry
    return { ...entry, inputs: JSON.parse(new TextDecoder().decode(bytes)) as readonly KeyInput[] }
  } catch {
    return entry
  }
}

/** The entry whose files differ least from those of a step; the first one where nothing else is known. */
export async function fewestChanges(
  directory: string,
  told: Told,
  entries: readonly Entry[],
): Promise<Entry | undefined> {
  const [first, ...more] = entries
  if (more.length === 0 || told.record.inputs === undefined) return first
  const counts = await Promise.all(
    entries.map(async (entry) => {
      const before = await withFiles(directory, entry, largestToChoose)
      const isUnknown = before.inputs === undefined && entry.record.inputs !== undefined
      return isUnknown ? Number.POSITIVE_INFINITY : compareRecords(before, told).length
    }),
  )
  return entries[counts.indexOf(Math.min(...counts))]
}

export function blobPath(directory: string, digest: string): string {
  return join(directory, 'blobs', ...digest.split(':'))
}
