import { execFileSync } from 'node:child_process'
import { lstatSync, renameSync } from 'node:fs'
import { systemCode } from '../../src/errors.ts'

/** Renames as mv does: an overlay cannot rename a directory that is not its own, which is then copied and removed. */
export function renameTree(from: string | Buffer, to: string | Buffer): void {
  try {
    renameSync(from, to)
  } catch (error) {
    const isFree = lstatSync(to, { throwIfNoEntry: false }) === undefined
    if (systemCode(error) !== 'EXDEV' || !isFree) throw error
    // Arguments are text, and a name may be none: the shell makes the bytes of it.
    const [source, target] = [from, to].map((path) => octal(Buffer.from(path)))
    execFileSync('sh', ['-c', 'mv -T -- "$(printf %b "$1")" "$(printf %b "$2")"', 'sh', source ?? '', target ?? ''])
  }
}

function octal(path: Buffer): string {
  return [...path].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('')
}
