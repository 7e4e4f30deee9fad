import { resolve } from 'node:path'
import { cacheItemKinds } from '../../../cache/disk-usage.ts'
import { isDirectory } from '../../content/durable.ts'
import { HearthError } from '../../errors.ts'
import { executorFlags } from '../flags/executor-flags.ts'
import type { Flag } from '../flags/flag.ts'
import { readCacheDir } from '../read-values.ts'
import type { SubcommandCall } from '../subcommand.ts'

/** Which directory a command is about. */
export const directoryFlags: readonly Flag[] = executorFlags.filter(({ name }) => name === 'cache-dir')

export const formatFlag: Flag = {
  name: 'format',
  kind: 'text',
  default: 'text',
  choices: ['text', 'json'],
  description: 'Form of what is printed on standard output',
  group: 'Output',
}

export const kindFlag: Flag = {
  name: 'kind',
  kind: 'list',
  choices: cacheItemKinds,
  description: 'Only items of this kind; repeatable',
  group: 'Selection',
}

/** The cache directory of a call, as an absolute path; throws a HearthError when there is none. */
export function cacheDirectoryOf({ values, program }: SubcommandCall): string {
  const directory = resolve(program.cwd, readCacheDir(values))
  if (isDirectory(directory)) return directory
  throw new HearthError({
    code: 'cache-unusable',
    message: `There is no cache directory ${directory}`,
    fix: 'Name it with --cache-dir.',
  })
}

export function isJson({ values }: SubcommandCall): boolean {
  return values.text('format') === 'json'
}
