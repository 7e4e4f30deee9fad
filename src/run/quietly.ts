import { fstatSync } from 'node:fs'
import { setTimesOf } from '../sys/times.ts'
import { onDisk, type RawPath } from '../tar/raw-path.ts'

/** Changes the entries of an open directory and leaves its modification time as it was. */
export function quietly(directory: number, change: () => void): void {
  const { mtimeNs } = fstatSync(directory, { bigint: true })
  change()
  setTimesOf(directory, mtimeNs)
}

/** The path of an entry of an open directory, wherever that is by now. */
export function entryOf(directory: number, name: RawPath): Buffer {
  return onDisk(`/proc/self/fd/${directory}`, name)
}
