import { cacheItemKinds } from '../../../cache/disk-usage.ts'
import { executorFlags } from '../flags/executor-flags.ts'
import type { Flag } from '../flags/flag.ts'
import type { SubcommandCall } from '../subcommand.ts'

/** Which directory a command is about. */
export const directoryFlags: readonly Flag[] = executorFlags.filter(({ name }) => name === 'cache-dir')

export const kindFlag: Flag = {
  name: 'kind',
  kind: 'list',
  choices: cacheItemKinds,
  description: 'Only items of this kind; repeatable',
  group: 'Selection',
}

export function isJson({ values }: SubcommandCall): boolean {
  return values.text('format') === 'json'
}
