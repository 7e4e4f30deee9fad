import { asHearthError, type Excerpt, type HearthError } from '../errors.ts'
import { createLog, type Log, printable, redact } from '../log.ts'
import { excerptLines } from './excerpt-lines.ts'
import type { LogChoice } from './flags/log-flags.ts'
import { UsageError } from './flags/usage.ts'
import type { Sink } from './program.ts'

/** The program's log, which goes to standard error line by line. */
export function createProgramLog(choice: LogChoice, stderr: Sink, secrets: readonly string[] = []): Log {
  const write = (line: string): void => void stderr.write(`${line}\n`)
  return createLog({ ...choice, secrets, write, now: () => new Date() })
}

export interface ReportOptions {
  readonly stderr: Sink
  /** Missing while the command line is not yet understood. */
  readonly log?: LogChoice
  /** Texts that must never appear. */
  readonly secrets?: readonly string[]
}

/** Prints an error the way its reader needs it and gives the exit code: text as one block, JSON as one line. */
export function reportError(error: unknown, { stderr, log, secrets = [] }: ReportOptions): number {
  const known = asHearthError(error)
  const clean = cleaner(secrets)
  if (known instanceof UsageError) stderr.write(usageText(known, clean))
  else if (log?.format === 'json') stderr.write(`${jsonLine(known, log, clean)}\n`)
  else stderr.write(`${textOf(known, log?.format === 'color', clean)}${stackIn(known, log, clean)}`)
  return known.exitCode
}

/** "error[code]: what" with where, the line of source, why and fix below it, each on its own line. */
export function errorText(error: HearthError, colored = false): string {
  return textOf(error, colored, cleaner([]))
}

type Clean = (text: string) => string

function textOf(error: HearthError, colored: boolean, clean: Clean): string {
  const label = `error[${error.code}]`
  const first = `${colored ? `\u001b[31m${label}\u001b[0m` : label}: ${clean(error.message)}`
  const rest = partsOf(error).flatMap(([name, text]) => {
    if (name === 'where' && error.excerpt !== undefined) return whereShown(error, error.excerpt, clean)
    return [`  ${`${name}:`.padEnd(6)} ${clean(text)}`]
  })
  return `${[first, ...rest].join('\n')}\n`
}

/** "Dockerfile:2:6", and the line below it. */
function whereShown({ sourcePlace: place }: HearthError, excerpt: Excerpt, clean: Clean): readonly string[] {
  const position = `${clean(place?.file ?? '')}:${excerpt.line}:${excerpt.column}`
  return [`  where: ${position}`, ...excerptLines(excerpt).map((line) => `         ${clean(line)}`)]
}

function usageText(error: UsageError, clean: Clean): string {
  const lines = [`Error: ${clean(error.message)}`, ...partsOf(error).map(([, text]) => clean(text))]
  // The usage is long: what was wrong stands below it, too, where the reader's eyes are.
  return `${lines.join('\n')}\n\n${error.usage}\n${lines.join('\n')}\n`
}

function jsonLine(error: HearthError, log: LogChoice, clean: Clean): string {
  const parts = partsOf(error).map(([name, text]) => [name, clean(text)] as const)
  const { excerpt } = error
  const time = log.timestamp ? { time: new Date().toISOString() } : {}
  return JSON.stringify({
    level: 'error',
    msg: clean(error.message),
    code: error.code,
    ...Object.fromEntries(parts),
    ...(excerpt === undefined ? {} : { line: excerpt.line, column: excerpt.column }),
    ...time,
  })
}

function partsOf(error: HearthError): readonly (readonly [name: 'where' | 'why' | 'fix', text: string])[] {
  return (['where', 'why', 'fix'] as const).flatMap((name) => {
    const text = error[name]
    return text === undefined || text === '' ? [] : [[name, text] as const]
  })
}

/** Where in the program it happened: of use only to those who asked for details. */
function stackIn(error: HearthError, log: LogChoice | undefined, clean: Clean): string {
  if (log?.level !== 'debug' && log?.level !== 'trace') return ''
  const stacks: string[] = []
  for (let e: unknown = error; e instanceof Error; e = e.cause) stacks.push(e.stack ?? e.message)
  return `${clean(stacks.join('\ncaused by: '))}\n`
}

/** At most 4 KiB of a text, indented where it has several lines, with no secret, and nothing that a terminal would obey. */
function cleaner(secrets: readonly string[]): Clean {
  return (text) => {
    const redacted = redact(text, secrets)
    const short = redacted.length > 4096 ? `${redacted.slice(0, 4096)}…` : redacted
    return printable(short).replaceAll('\n', '\n         ')
  }
}
