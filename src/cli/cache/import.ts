import { createReadStream, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { CarryReport } from '../../../cache/carry-report.ts'
import type { ImportOptions } from '../../../cache/import-blob.ts'
import { importLayout } from '../../../cache/import-layout.ts'
import { withUnpackedLayout } from '../../../cache/unpacked-archive.ts'
import { HearthError, messageOf } from '../../errors.ts'
import type { Bytes } from '../../stream/bytes.ts'
import { wrongUsage } from '../flags/usage.ts'
import type { ProgramInput } from '../program.ts'
import { readCacheDir } from '../read-values.ts'
import type { Subcommand } from '../subcommand.ts'
import { carryFlags, placeOf, readSelection } from './carry-flags.ts'
import { carryText } from './carry-text.ts'

/** "hearth-executor cache import <layout>" */
export const importCommand: Subcommand = {
  name: 'import',
  summary:
    'Adds what "cache export" or a build with --cache-repo=oci:… wrote: a directory, a tar, or - for standard input.',
  takes: ['<layout>'],
  flags: carryFlags,
  async run({ values, positionals, program, log }) {
    const { form, path } = placeOf(positionals[0] ?? '')
    const source = resolve(program.cwd, path)
    const directory = resolve(program.cwd, readCacheDir(values))
    if (source === directory) throw wrongUsage('the layout must be another directory than the cache')
    const dryRun = values.boolean('dry-run')
    const selection = readSelection(values, undefined)
    const options = { directory, selection, dryRun, log, signal: program.signal }
    const report =
      form === 'stream' ? await importArchive(standardInput(program), options) : await importFrom(source, options)
    const format = values.text('format') as 'text' | 'json'
    program.stdout.write(carryText(report, { verb: dryRun ? 'Would import' : 'Imported', format }))
    return report.layers.damaged + report.images.damaged > 0 ? 1 : 0
  },
}

function importFrom(source: string, options: ImportOptions): Promise<CarryReport> {
  try {
    if (statSync(source).isDirectory()) {
      readFileSync(join(source, 'index.json'))
      return importLayout({ ...options, layout: source })
    }
  } catch (error) {
    throw notALayout(source, messageOf(error))
  }
  return importArchive(createReadStream(source, { highWaterMark: 1 << 20 }), options)
}

function importArchive(archive: Bytes, options: ImportOptions): Promise<CarryReport> {
  return withUnpackedLayout(archive, options, (layout) => {
    try {
      readFileSync(join(layout, 'index.json'))
    } catch {
      throw notALayout('the archive', 'it has no index.json')
    }
    return importLayout({ ...options, layout, own: true })
  })
}

function standardInput({ stdin }: ProgramInput): Bytes {
  if (!stdin.isTerminal()) return stdin.open()
  throw wrongUsage('an archive is not read from a terminal', 'Redirect standard input, or name a file.')
}

function notALayout(where: string, why: string): HearthError {
  return new HearthError({
    code: 'image-missing',
    message: `${where} is not an OCI layout`,
    why,
    fix: 'Give the directory or tar that "hearth-executor cache export" wrote.',
  })
}
