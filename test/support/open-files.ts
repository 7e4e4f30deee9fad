import { readdirSync, readlinkSync } from 'node:fs'

/** Files below a directory that this process has open, one for each descriptor. */
export function openFilesBelow(directory: string): readonly string[] {
  return readdirSync('/proc/self/fd')
    .map(target)
    .filter((path) => path.startsWith(`${directory}/`))
}

/** The descriptor the list itself was read from is gone by now. */
function target(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}
