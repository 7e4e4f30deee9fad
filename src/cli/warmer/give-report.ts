import { resolve } from 'node:path'
import type { WarmReport } from '../../../warmer/report.ts'
import { reportTable } from '../../../warmer/report-table.ts'
import type { LogLevel } from '../../log.ts'
import { writeOutputFile } from '../../output/output-file.ts'
import type { Sink } from '../program.ts'
import type { WarmerOptions } from '../warmer-options.ts'

/** Those at which people want to be told. */
const talkative: ReadonlySet<LogLevel> = new Set(['trace', 'debug', 'info'])

export interface ReportPlaces {
  readonly options: WarmerOptions
  readonly stdout: Sink
}

/** Writes the report where it was asked for: as JSON or, unless only warnings are wanted, as a table for people. */
export async function giveReport(report: WarmReport, { options, stdout }: ReportPlaces): Promise<void> {
  const json = `${JSON.stringify(report, undefined, 2)}\n`
  if (options.report !== undefined) {
    await writeOutputFile(resolve(options.environment.cwd, options.report), json)
  }
  if (options.format === 'json') stdout.write(json)
  else if (talkative.has(options.log.level) && report.images.length > 0) {
    stdout.write(`${reportTable(report.images).join('\n')}\n`)
  }
}
