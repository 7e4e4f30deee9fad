import { execFileSync } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const checkout = join(import.meta.dirname, '..', '..')
export const executorPath = join(checkout, 'dist/bin/executor.js')
export const warmerPath = join(checkout, 'dist/bin/warmer.js')

/** Whether the compiled program is missing or older than a source file. */
export function distIsStale(): boolean {
  const patterns = ['{bin,src,cache,warmer}/**/*.ts', 'tsconfig*.json', 'package.json']
  const newest = Math.max(...globSync(patterns, { cwd: checkout }).map((path) => modified(join(checkout, path))))
  return Math.min(modified(executorPath), modified(warmerPath)) < newest
}

/** Compiles the sources with the project's own build script. */
export function buildDist(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: checkout, stdio: ['ignore', 'inherit', 'inherit'] })
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
