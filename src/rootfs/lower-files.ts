import { readdirSync } from 'node:fs'
import { joinRaw, type RawPath } from '../tar/raw-path.ts'
import { type Directory, hostPath } from './directories.ts'
import type { Unpacker } from './unpacker.ts'

/**
 * Removes all in a directory that lower layers have put there; what this layer made stays, however deep it lies. The path
 * has no symlinks; where it names no directory, there is nothing to do.
 */
export function removeLower(unpacker: Unpacker, directory: RawPath): void {
  const waiting = [directory]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    unpacker.directories.trim()
    const found = unpacker.directories.findReal(path)
    if (found === undefined) continue
    for (const { name, isDirectory } of entriesOf(found)) {
      if (!unpacker.names.has(path, name)) unpacker.remove(found, name)
      else if (isDirectory) waiting.push(joinRaw(path, name as RawPath))
    }
  }
}

function entriesOf(directory: Directory): readonly { readonly name: string; readonly isDirectory: boolean }[] {
  const entries = readdirSync(hostPath(directory, '.'), { encoding: 'latin1', withFileTypes: true })
  return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
}
