import { syntaxError } from './syntax-error.ts'
import { trim } from './whitespace.ts'

/** Which of Docker's build checks count. We know two of them: those that `Rule` names. */
export interface Checks {
  readonly skip: 'all' | readonly string[]
  /** A warning fails the build. */
  readonly error: boolean
}

export type Rule = 'NoEmptyContinuation' | 'ReservedStageName'

export const noChecks: Checks = { skip: [], error: false }

/** Parses "skip=all", "skip=A,B;error=true", "experimental=…", the value of "# check=". */
export function parseChecks(value: string): Checks {
  let checks = noChecks
  for (const option of value.split(';')) {
    const at = option.indexOf('=')
    const name = trim(at < 0 ? option : option.slice(0, at))
    const setting = at < 0 ? '' : trim(option.slice(at + 1))
    if (at < 0 || !['skip', 'error', 'experimental'].includes(name)) {
      throw syntaxError(`"${option}" is not a check option`, { fix: 'Write skip=<rules>, skip=all or error=true.' })
    }
    if (name === 'skip') checks = { ...checks, skip: setting === 'all' ? 'all' : setting.split(',').map(trim) }
    if (name === 'error') checks = { ...checks, error: parseBoolean(setting) }
  }
  return checks
}

export function isSkipped(rule: Rule, { skip }: Checks): boolean {
  return skip === 'all' || skip.includes(rule)
}

/** The spellings Go takes for a boolean. */
function parseBoolean(text: string): boolean {
  if (/^(?:1|t|true|T|TRUE|True)$/.test(text)) return true
  if (/^(?:0|f|false|F|FALSE|False)$/.test(text)) return false
  throw syntaxError(`error=${text} is neither true nor false`)
}
