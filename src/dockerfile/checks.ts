import { syntaxError } from './syntax-error.ts'
import { trim } from './whitespace.ts'

/** Which of the build checks count. */
export interface Checks {
  readonly skip: 'all' | readonly string[]
  /** Checks that are off unless they are named here. */
  readonly experimental: 'all' | readonly string[]
  /** A finding fails the build. */
  readonly error: boolean
}

export const allChecks: Checks = { skip: [], experimental: [], error: false }

/** Parses "skip=all", "skip=A,B;error=true", "experimental=…", the value of "# check=". */
export function parseChecks(value: string): Checks {
  let checks = allChecks
  for (const option of trim(value) === '' ? [] : value.split(';')) {
    const at = option.indexOf('=')
    const name = trim(at < 0 ? option : option.slice(0, at))
    const setting = at < 0 ? '' : trim(option.slice(at + 1))
    if (at < 0 || !['skip', 'error', 'experimental'].includes(name)) {
      const fix = 'Write skip=<rules>, skip=all, experimental=<rules> or error=true.'
      throw syntaxError(`"${option}" is not a check option`, { fix, marks: trim(option) })
    }
    if (name === 'error') checks = { ...checks, error: parseBoolean(setting) }
    else checks = { ...checks, [name]: setting === 'all' ? 'all' : setting.split(',').map(trim) }
  }
  return checks
}

/** Experimental checks are never skipped: they are off unless asked for. */
export function isOn(rule: string, isExperimental: boolean, { skip, experimental }: Checks): boolean {
  if (isExperimental) return experimental === 'all' || experimental.includes(rule)
  return skip !== 'all' && !skip.includes(rule)
}

/** The spellings Go takes for a boolean. */
function parseBoolean(text: string): boolean {
  if (/^(?:1|t|true|T|TRUE|True)$/.test(text)) return true
  if (/^(?:0|f|false|F|FALSE|False)$/.test(text)) return false
  throw syntaxError(`error=${text} is neither true nor false`, { marks: text })
}
