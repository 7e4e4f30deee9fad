import { cacheAccess } from '../../../cache/cache-directory.ts'
import { type VerifyOutcome, verifyCache } from '../../../cache/verify.ts'
import { existingDirectory } from '../existing-directory.ts'
import { formatFlag } from '../flags/format-flag.ts'
import type { Subcommand } from '../subcommand.ts'
import { directoryFlags, isJson } from './cache-flags.ts'
import { readableSize, shortTitle } from './readable.ts'

type Fate = 'quarantine' | 'remove' | 'keep'

/** hearth-executor cache verify */
export const verifyCommand: Subcommand = {
  name: 'verify',
  summary: 'Reads everything in a cache directory, and takes away what is damaged. Exit code 1 when something was.',
  takes: [],
  flags: [
    ...directoryFlags,
    {
      name: 'remove',
      kind: 'boolean',
      description: 'Remove what is damaged instead of moving it to quarantine/',
      group: 'Output',
    },
    formatFlag,
  ],
  async run(call) {
    const { values, log, program } = call
    const directory = existingDirectory(call)
    const isWritable = cacheAccess(directory) === 'writable'
    if (!isWritable) log.warn(`${directory} cannot be written: what is damaged stays where it is`)
    const wanted = values.boolean('remove') ? 'remove' : 'quarantine'
    const damaged = isWritable ? wanted : 'keep'
    const outcome = await verifyCache(directory, { damaged, signal: program.signal })
    program.stdout.write(isJson(call) ? outcomeJson(directory, damaged, outcome) : outcomeText(outcome, damaged))
    return outcome.damaged.length === 0 ? 0 : 1
  },
}

const fates: Readonly<Record<Fate, string>> = {
  quarantine: 'moved to quarantine',
  remove: 'removed',
  keep: 'left alone',
}

/** What "cache verify" prints. */
export function outcomeText({ blobs, bytes, documents, damaged, misses }: VerifyOutcome, fate: Fate): string {
  const lines = damaged.map(({ path, why }) => `DAMAGED  ${path}: ${why}, ${fates[fate]}`)
  const lost = misses.map(({ kind, title }) => `MISS     ${kind} ${shortTitle(title)}`)
  const all = `${blobs} blobs of ${readableSize(bytes)} and ${documents} entries and references`
  const verdict =
    damaged.length === 0 ? 'all whole' : `${damaged.length} damaged, ${misses.length} items will be missed`
  return `${[...lines, ...lost, `Read ${all}: ${verdict}`].join('\n')}\n`
}

function outcomeJson(directory: string, fate: Fate, { misses, ...outcome }: VerifyOutcome): string {
  const lost = misses.map(({ kind, name, title }) => ({ kind, name, title }))
  return `${JSON.stringify({ version: 1, directory, fate, ...outcome, misses: lost }, undefined, 2)}\n`
}
