import { resolve } from 'node:path'
import { isDirectory } from '../../content/durable.ts'
import { HearthError } from '../../errors.ts'
import { readCacheDir } from '../read-values.ts'
import type { SubcommandCall } from '../subcommand.ts'

/** The directory that a command is about: it must be there. */
export function existingDirectory({ values, program }: SubcommandCall): string {
  const directory = resolve(program.cwd, readCacheDir(values))
  if (isDirectory(directory)) return directory
  throw new HearthError({
    code: 'cache-unusable',
    message: `There is no cache directory ${directory}`,
    fix: 'Name it with --cache-dir.',
  })
}
