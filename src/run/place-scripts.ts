import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path/posix'
import { HearthError, messageOf } from '../errors.ts'
import type { CommandScript } from './isolation.ts'
import { requireScriptPath, scriptDirectory } from './surroundings.ts'

/**
 * Makes the scripts of a command appear in the /dev that is there: they lie in a new directory below `directory`, as
 * not every /dev may execute programs, and a symlink leads there. Gives what takes them away. Throws "run-unavailable"
 * where that cannot be done.
 */
export function placeScripts(scripts: readonly CommandScript[], directory: string): () => void {
  if (scripts.length === 0) return () => {}
  for (const script of scripts) requireScriptPath(script)
  try {
    const store = mkdtempSync(join(directory, 'pipes-'))
    try {
      chmodSync(store, 0o755)
      for (const script of scripts) writeScript(store, script)
      replaceLink(store)
    } catch (error) {
      removeScripts(store)
      throw error
    }
    return () => removeScripts(store)
  } catch (error) {
    throw unusable(error)
  }
}

/** Writes a script under its name into a directory. Throws where nothing can be executed there. */
export function writeScript(store: string, { path, content }: CommandScript): void {
  const file = join(store, basename(resolve(path)))
  writeFileSync(file, content)
  chmodSync(file, 0o755)
  // Fails on a mount that executes nothing.
  accessSync(file, constants.X_OK)
}

/** A link that is there already is left over from a run that was killed. */
function replaceLink(store: string): void {
  if (linkTarget() !== undefined) unlinkSync(scriptDirectory)
  symlinkSync(store, scriptDirectory)
}

function removeScripts(store: string): void {
  if (linkTarget() === store) unlinkSync(scriptDirectory)
  rmSync(store, { recursive: true, force: true })
}

function linkTarget(): string | undefined {
  const isLink = lstatSync(scriptDirectory, { throwIfNoEntry: false })?.isSymbolicLink() === true
  return isLink ? readlinkSync(scriptDirectory) : undefined
}

function unusable(error: unknown): HearthError {
  return new HearthError({
    code: 'run-unavailable',
    message: `The script of a here-document cannot be put into ${scriptDirectory}`,
    why: messageOf(error),
    fix: 'Give the container a /dev that can be written, or begin the here-document without "#!".',
    cause: error,
  })
}
