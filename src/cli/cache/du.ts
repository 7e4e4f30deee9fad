import { allocatedBelow, type DiskUsage, freeBytes, usageOf } from '../../../cache/disk-usage.ts'
import { takeInventory } from '../../../cache/inventory.ts'
import { existingDirectory } from '../existing-directory.ts'
import { formatFlag } from '../flags/format-flag.ts'
import type { Subcommand } from '../subcommand.ts'
import { directoryFlags, isJson } from './cache-flags.ts'
import { readableSize } from './readable.ts'
import { table } from './table.ts'

/** hearth-executor cache du */
export const duCommand: Subcommand = {
  name: 'du',
  summary: 'Adds up what a cache directory takes on the disk.',
  takes: [],
  flags: [...directoryFlags, formatFlag],
  async run(call) {
    const directory = existingDirectory(call)
    const usage = usageOf(await takeInventory(directory))
    const disk = { onDisk: await allocatedBelow(directory), free: await freeBytes(directory) }
    const json = `${JSON.stringify({ version: 1, directory, ...usage, ...disk }, undefined, 2)}\n`
    call.program.stdout.write(isJson(call) ? json : usageText(usage, disk))
    return 0
  },
}

interface DiskSpace {
  /** What the whole directory takes, in bytes. */
  readonly onDisk: number
  readonly free: number
}

/** What "cache du" prints. */
export function usageText({ kinds, unreferenced }: DiskUsage, { onDisk, free }: DiskSpace): string {
  const columns = [
    { heading: 'KIND' },
    { heading: 'COUNT', align: 'right' },
    { heading: 'OWN', align: 'right' },
    { heading: 'SHARED', align: 'right' },
  ] as const
  const rows = kinds.map(({ kind, count, own, shared }) => {
    return [kind, String(count), readableSize(own), readableSize(shared)]
  })
  const nobody = ['unreferenced', String(unreferenced.count), readableSize(unreferenced.size), '']
  const space = [
    { what: 'On disk:', bytes: onDisk },
    { what: 'Free:   ', bytes: free },
  ]
  const lines = space.map(({ what, bytes }) => `${what} ${readableSize(bytes)}\n`)
  return [table(columns, [...rows, nobody]), '\n', ...lines].join('')
}
