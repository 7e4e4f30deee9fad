import { resolve } from 'node:path'
import { isDirectory } from '../content/durable.ts'
import { HearthError } from '../errors.ts'
import { readCacheDir } from './read-values.ts'
import type { SubcommandCall } from './subcommand.ts'

/** The cache directory that a command is about, as an absolute path; throws a HearthError when there is none. */
export function existingDirectory({ values, program }: SubcommandCall): string {
  const directory = resolve(program.cwd, readCacheDir(values))
  if (isDirectory(directory)) return directory
  throw new HearthError({
    code: 'cache-unusable',
    message: `There is no cache directory ${directory}`,
    fix: 'Name it with --cache-dir.',
  })
}
