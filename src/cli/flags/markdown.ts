import { type Flag, flagLabel } from './flag.ts'

/** The table of a README: every flag that the help shows, with its default, variable and meaning. */
export function flagTable(flags: readonly Flag[]): string {
  const shown = flags.filter((flag) => flag.fate === undefined)
  const rows = shown.map((flag) => {
    const { env, description } = flag
    const meaning = `${description}${choicesOf(flag)}${env === undefined ? '' : `; \`$${env}\``}`
    return `| \`${flagLabel(flag)}\` | ${defaultOf(flag)} | ${meaning.replaceAll('|', '\\|')} |`
  })
  return ['| Flag | Default | Meaning |', '|---|---|---|', ...rows].join('\n')
}

function choicesOf(flag: Flag): string {
  return flag.choices === undefined ? '' : ` (${flag.choices.join(', ')})`
}

function defaultOf(flag: Flag): string {
  if (flag.kind === 'boolean') return `\`${flag.default ?? 'false'}\``
  return flag.default === undefined || flag.default === '' ? '' : `\`${flag.default}\``
}
