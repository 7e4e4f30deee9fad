import { resolve } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { CarryReport } from '../../../cache/carry-report.ts'
import { exportArchive } from '../../../cache/export-archive.ts'
import { type ExportOptions, exportLayout } from '../../../cache/export-layout.ts'
import type { BlobStore } from '../../content/blob-store.ts'
import { writeStreamAtomically } from '../../content/streamed-file.ts'
import { existingDirectory } from '../existing-directory.ts'
import type { Flag } from '../flags/flag.ts'
import { wrongUsage } from '../flags/usage.ts'
import type { Sink } from '../program.ts'
import type { Subcommand, SubcommandCall } from '../subcommand.ts'
import { carryFlags, placeOf, readSelection } from './carry-flags.ts'
import { carryText } from './carry-text.ts'
import { openToRead } from './open-to-read.ts'

const flags: readonly Flag[] = [
  ...carryFlags,
  {
    name: 'used-within',
    kind: 'duration',
    default: '0',
    description: 'Only what was made or used no longer ago than this; 0 for everything',
    group: 'Cache',
  },
  {
    name: 'hard-link',
    kind: 'boolean',
    description: 'Give blobs a second name instead of copying them; the directory must not be changed then',
    group: 'Output',
  },
]

/** "hearth-executor cache export <layout>" */
export const exportCommand: Subcommand = {
  name: 'export',
  summary: 'Writes layers and warmed images to an OCI layout: a directory, a .tar, or - for standard output.',
  takes: ['<layout>'],
  flags,
  async run(call) {
    const { values, positionals, program } = call
    const { form, path } = placeOf(positionals[0] ?? '')
    const target = resolve(program.cwd, path)
    const directory = existingDirectory(call)
    if (target === directory) throw wrongUsage('the layout must be another directory than the cache')
    if (form !== 'layout' && values.boolean('hard-link')) throw wrongUsage('--hard-link needs a directory')
    const options = optionsOf(call, directory)
    const dryRun = options.dryRun
    const report =
      form === 'layout'
        ? await exportLayout({ ...options, target, link: values.boolean('hard-link') })
        : await writeArchive(options, form === 'stream' ? program.stdout : target)
    // What goes to standard output is the archive.
    const sink = form === 'stream' && !dryRun ? program.stderr : program.stdout
    const format = values.text('format') as 'text' | 'json'
    sink.write(carryText(report, { verb: dryRun ? 'Would export' : 'Exported', format }))
    return report.layers.damaged + report.images.damaged > 0 ? 1 : 0
  },
}

function optionsOf({ values, log, program }: SubcommandCall, directory: string): ExportOptions {
  const withinMs = values.milliseconds('used-within')
  const usedSince = withinMs === 0 ? undefined : new Date(Date.now() - withinMs)
  const { signal } = program
  const store: BlobStore = openToRead(directory)
  return {
    directory,
    store,
    selection: readSelection(values, usedSince),
    dryRun: values.boolean('dry-run'),
    log,
    signal,
  }
}

async function writeArchive(options: ExportOptions, target: string | Sink): Promise<CarryReport> {
  const { signal, dryRun } = options
  if (typeof target !== 'string') refuseTerminal(target)
  const archive = await exportArchive(options)
  if (dryRun) return archive.report
  const abort = signal === undefined ? {} : { signal }
  if (typeof target === 'string') await writeStreamAtomically(target, archive.open(), abort)
  else if (target instanceof Writable) await pipeline(archive.open(), target, { ...abort, end: false })
  else throw new TypeError('standard output takes text only')
  return archive.report
}

function refuseTerminal(sink: Sink): void {
  if ('isTTY' in sink && sink.isTTY === true) {
    throw wrongUsage('an archive is not written to a terminal', 'Redirect standard output, or name a file.')
  }
}
