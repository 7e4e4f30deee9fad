import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A test context, or node:test itself for a directory that lasts as long as the file. */
export interface Lifetime {
  after(clean: () => void | Promise<void>): unknown
}

/** A new directory that is removed when its owner ends. What is mounted in it is left alone and fails the test. */
export function temporaryDirectory(owner: Lifetime): string {
  const path = mkdtempSync(join(tmpdir(), 'hearth-test-'))
  owner.after(() => removeDirectory(path))
  return path
}

/** Removes a tree, never crossing into another filesystem. */
export function removeDirectory(path: string): void {
  execFileSync('rm', ['-rf', '--one-file-system', '--', path], { stdio: ['ignore', 'pipe', 'pipe'] })
}
