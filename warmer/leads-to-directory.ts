import { statSync } from 'node:fs'

/** Whether a path is a directory's, or a symlink's to one; false where that cannot be found out. */
export function leadsToDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
