import { createRequire } from 'node:module'
import type { Options } from 'yargs'
import type { Flag } from './flag.ts'

export interface Command {
  /** "hearth-executor" */
  readonly name: string
  /** What it does, in a sentence. */
  readonly summary: string
  /** What can stand in place of flags: "version". */
  readonly commands: readonly string[]
  readonly flags: readonly Flag[]
}

const width = 110

/** What --help prints, its last line's end included. */
export function helpText(command: Command): string {
  const usage = [`${command.name} [flags]`, ...command.commands.map((word) => `${command.name} ${word}`)]
  return [command.summary, '', 'Usage:', ...usage.map((line) => `  ${line}`), '', flagList(command), ''].join('\n')
}

function flagList(command: Command): string {
  // Loaded only here: it takes longer than all the rest of a start, and most starts print no help.
  const yargs = createRequire(import.meta.url)('yargs') as typeof import('yargs').default
  const shown = command.flags.filter((flag) => flag.fate === undefined)
  const parser = yargs([])
    .help(false)
    .version(false)
    .usage('')
    .options(Object.fromEntries(shown.map((flag) => [flag.name, definition(flag)])))
    .parserConfiguration({ 'camel-case-expansion': false, 'dot-notation': false, 'boolean-negation': false })
    .detectLocale(false)
    .exitProcess(false)
    .wrap(width)
  let text = ''
  parser.showHelp((help) => {
    text = help
  })
  return text.trim()
}

function definition(flag: Flag): Options {
  const { alias, group, env } = flag
  const choices = flag.choices === undefined ? '' : `: ${flag.choices.join(', ')}`
  const shownDefault = flag.default === undefined || flag.default === '' ? undefined : flag.default
  return {
    ...(alias === undefined ? {} : { alias }),
    ...(shownDefault === undefined ? {} : { defaultDescription: shownDefault, default: shownDefault }),
    group: `${group}:`,
    description: `${flag.description}${choices}${env === undefined ? '' : ` [$${env}]`}`,
    // Said of those only that take no word of their own.
    ...(flag.kind === 'boolean' ? { boolean: true } : {}),
  }
}
