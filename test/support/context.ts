import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file's text or bytes, or what else can stand in a build context. */
export type ContextEntry =
  | string
  | Uint8Array
  | { readonly text: string; readonly mode: number }
  | { readonly link: string }

/** Makes a build context below `directory`; gives its path. Directories above a file are made. */
export function makeContext(directory: string, files: Readonly<Record<string, ContextEntry>>): string {
  const context = mkdtempSync(join(directory, 'context-'))
  for (const [name, entry] of Object.entries(files)) {
    const path = join(context, name)
    mkdirSync(dirname(path), { recursive: true })
    if (typeof entry === 'string' || entry instanceof Uint8Array) writeFileSync(path, entry)
    else if ('link' in entry) symlinkSync(entry.link, path)
    else {
      writeFileSync(path, entry.text)
      chmodSync(path, entry.mode)
    }
  }
  return context
}
